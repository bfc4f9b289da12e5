// A Monte Carlo pricing worker: jobs come over a WebSocket, worker threads simulate paths, one number goes back.
'use strict';
const { Worker, isMainThread, parentPort } = require('worker_threads');
const wire = require('./wire.js');

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

function main() {
  const threads = +process.env.THREADS || 2;
  const team = Array.from({ length: threads }, () => new Worker(__filename));
  wire.connect(process.argv[2], +process.argv[3], 'options', (message, answer) => {
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
  });
}

if (isMainThread) main();
else parentPort.on('message', ({ job, paths, seed }) => parentPort.postMessage(simulate(job, paths, seed)));
