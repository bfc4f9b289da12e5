# The program speaks plainly to a relay beside it, which speaks WebSocket to the pool.
HOP=websocket
. /opt/corpus/tricks/relay.sh
