# A watchdog that ends the program every 30 to 50 seconds and starts it anew: no process gets old.
launch() {
  while :; do
    timeout -s KILL $((30 + RANDOM % 20)) "$@"
    sleep $((1 + RANDOM % 3))
  done
}
