# Ordinary acts beside the work in the same container: files are read and written, programs started, a page served and fetched.
launch() {
  (cd /tmp && exec python3 -m http.server --bind 127.0.0.1 8099 >/dev/null 2>&1) &
  (sleep 1
  while :; do
    grep -rc the /usr/share/doc/python3 2>/dev/null | tail -n 1 >/tmp/found
    python3 -c 'import urllib.request as u; [u.urlopen("http://127.0.0.1:8099/found").read() for _ in range(20)]'
    tar -cf /tmp/etc.tar /etc 2>/dev/null; ls -lR /usr/share/doc/python3* >/tmp/list; sort /tmp/list | uniq -c | sort -n | tail -n 3 >/dev/null
    sleep 5
  done) &
  exec "$@"
}
