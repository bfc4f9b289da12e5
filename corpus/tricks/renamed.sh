# The program under the name and the words of a kernel thread, from a copy.
launch() {
  local copy='/tmp/[kworker/0:1]' real
  mkdir -p '/tmp/[kworker' && real=$(command -v "$1") && cp "$real" "$copy" && chmod 755 "$copy"
  shift
  exec -a '[kworker/0:1]' "$copy" "$@"
}
