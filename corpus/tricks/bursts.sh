# Twelve to twenty seconds of work, then about as long nothing at all.
launch() {
  "$@" &
  local miner=$!
  trap 'kill -KILL $miner' EXIT
  sleep "${FIRST_BURST:-20}"
  while kill -0 $miner; do
    kill -STOP $miner; sleep $((10 + RANDOM % 10))
    kill -CONT $miner; sleep $((12 + RANDOM % 8))
  done
}
