# The program speaks to a relay in its own container, which speaks to the pool: HOST and PORT become the relay's.
# HOP=relay, tls, websocket or socks says what the relay speaks outwards.
start_relay() {
  local far=$HOST:$PORT
  if [ "${HOP:-relay}" = socks ]; then
    python3 /opt/corpus/peers/hop.py socks --listen 127.0.0.1:1080 >/dev/null &
  else
    python3 /opt/corpus/peers/hop.py "${HOP:-relay}" --listen 127.0.0.1:1080 --to "$far" >/dev/null &
    HOST=127.0.0.1 PORT=1080
  fi
  sleep 1.5
}
start_relay
launch() { exec "$@"; }
