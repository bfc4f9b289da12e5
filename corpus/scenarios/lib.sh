# What the scenarios share. Everything stays in the throw-away container: decoys are ours, downloads come from the peer, and who is
# "killed" was started here. PAYLOAD is a real miner that the peer serves on port 8000.
fetch() { until curl -sf "http://$HOST:8000/$1" -o "$2"; do sleep 1; done; }
decoy() { (exec -a "$1" sleep 600) & }
POOL_ARGS="-o $HOST:$PORT -u corpus -p x -a rx/0 --no-color --print-time 5"
