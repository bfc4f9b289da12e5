# The program from a hidden copy in /var/tmp that is deleted as soon as it runs.
launch() {
  local copy=/var/tmp/.x
  cp "$(command -v "$1")" "$copy" && chmod 755 "$copy"
  shift
  (sleep 2; rm -f "$copy") &
  exec "$copy" "$@"
}
