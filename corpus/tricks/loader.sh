# The program started by the dynamic loader, from a copy that is not even executable.
launch() {
  local copy=/tmp/.cache-data
  cp "$(command -v "$1")" "$copy" && chmod 600 "$copy"
  shift
  exec /lib64/ld-linux-x86-64.so.2 "$copy" "$@"
}
