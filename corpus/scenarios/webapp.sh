# 10: inside an honest application: a web server in Node.js whose worker threads mine (in plain JavaScript), while it serves requests.
. /opt/corpus/scenarios/lib.sh
cat >/tmp/server.js <<'J'
const http = require('http');
process.argv.splice(2, 9, process.env.HOST, process.env.PORT, process.env.THREADS);
require('/opt/corpus/workers/stratum_sha256d.js');
http.createServer((request, answer) => answer.end(JSON.stringify({ path: request.url, sum: [...Array(2000).keys()].reduce((a, b) => a + b) })))
  .listen(8088, '127.0.0.1');
J
(sleep 2; while :; do curl -s http://127.0.0.1:8088/ >/dev/null; sleep 0.0$((RANDOM % 9 + 1)); done) &
exec node /tmp/server.js
