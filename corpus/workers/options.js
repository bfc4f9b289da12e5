// A Monte Carlo pricing worker: jobs come over a WebSocket, worker threads simulate paths, one number goes back.
'use strict';
const { Worker, isMainThread, parentPort } = require('worker_threads');
const crypto = require('crypto');
const net = require('net');

// Sum of discounted payoffs of `paths` end prices under geometric Brownian motion (Box-Muller, xorshift128).
function simulate(job, paths, seed) {
  let a = seed | 1, b = seed ^ 0x9e3779b9, c = 0x243f6a88, d = 0xb7e15162, sum = 0;
  const uniform = () => {
    const t = a ^ (a << 11);
    a = b; b = c; c = d;
    d = (d ^ (d >>> 19) ^ t ^ (t >>> 8)) | 0;
    return ((d >>> 0) + 0.5) / 4294967296;
  };
  for (let i = 0; i < 64; i++) uniform();
  const drift = (job.rate - job.volatility ** 2 / 2) * job.years, spread = job.volatility * Math.sqrt(job.years);
  for (let i = 0; i < paths; i++) {
    const z = Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    sum += Math.max(0, job.spot * Math.exp(drift + spread * z) - job.strike);
  }
  return sum * Math.exp(-job.rate * job.years);
}

function frame(text) {
  const body = Buffer.from(text), key = crypto.randomBytes(4);
  const head = body.length < 126 ? Buffer.from([0x81, 0x80 | body.length]) : Buffer.from([0x81, 0xfe, body.length >> 8, body.length & 255]);
  return Buffer.concat([head, key, body.map((byte, i) => byte ^ key[i & 3])]);
}

// Calls take(message) for every whole unmasked text frame in the stream.
function reader(take) {
  let held = Buffer.alloc(0);
  return (chunk) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= 2) {
      const long = (held[1] & 127) === 126;
      const at = long ? 4 : 2;
      if (held.length < at) return;
      const size = long ? held.readUInt16BE(2) : held[1] & 127;
      if (held.length < at + size) return;
      take(JSON.parse(held.subarray(at, at + size)));
      held = held.subarray(at + size);
    }
  };
}

function connect(host, port, take, tries) {
  const socket = net.connect(port, host);
  let upgraded = false;
  const feed = reader((message) => take(message, (answer) => socket.write(frame(JSON.stringify(answer)))));
  socket.on('connect', () => socket.write(`GET /jobs HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${crypto.randomBytes(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\n\r\n`));
  socket.on('data', (chunk) => {
    if (!upgraded) {
      upgraded = true;
      const end = chunk.indexOf('\r\n\r\n');
      socket.write(frame(JSON.stringify({ method: 'hello', params: { kind: 'options' } })));
      chunk = chunk.subarray(end + 4);
    }
    feed(chunk);
  });
  socket.on('error', (error) => (tries > 0 ? setTimeout(connect, 500, host, port, take, tries - 1) : process.exit(`${error}` ? 3 : 3)));
  socket.on('close', () => upgraded && process.exit(4));
}

function main() {
  const threads = +process.env.THREADS || 2;
  const team = Array.from({ length: threads }, () => new Worker(__filename));
  connect(process.argv[2], +process.argv[3], (message, answer) => {
    if (message.method !== 'job') return;
    const job = message.params, share = Math.floor(job.paths / threads);
    let left = threads, sum = 0;
    team.forEach((worker, i) => {
      worker.once('message', (part) => {
        sum += part;
        if (--left === 0) answer({ id: message.id, result: { price: sum / (share * threads) } });
      });
      worker.postMessage({ job, paths: share, seed: message.id * 1000 + i });
    });
  }, 40);
}

if (isMainThread) main();
else parentPort.on('message', ({ job, paths, seed }) => parentPort.postMessage(simulate(job, paths, seed)));
