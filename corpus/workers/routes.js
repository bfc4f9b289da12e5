// A route-planning worker: seeds of delivery problems are pushed over a WebSocket, worker threads solve one problem after the other, each tour goes back.
'use strict';
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const wire = require('./wire.js');

// Numbers of 31 bits; the same generator as in link.h.
function* numbers(seed) {
  let state = BigInt.asUintN(64, BigInt(seed));
  for (;;) {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
    yield Number(state >> 33n);
  }
}

function distance(a, b) {
  const x = a[0] - b[0], y = a[1] - b[1];
  return Math.sqrt(x * x + y * y);
}

// Greedy tour, then 2-opt until nothing helps, then again from kicked tours; the shortest counts.
function solve(cities, rounds) {
  const n = cities.length, free = new Set(cities.keys());
  let tour = [0];
  free.delete(0);
  while (free.size) {
    const from = cities[tour[tour.length - 1]];
    let next = -1, near = Infinity;
    for (const city of free) {
      const d = distance(from, cities[city]);
      if (d < near) { near = d; next = city; }
    }
    tour.push(next);
    free.delete(next);
  }
  let best = null, shortest = Infinity;
  for (let round = 0; round < rounds; round++) {
    improve(cities, tour);
    const length = measure(cities, tour);
    if (length < shortest) { shortest = length; best = tour.slice(); }
    tour = kick(best, n);
  }
  return { tour: best, length: shortest };
}

function improve(cities, tour) {
  const n = tour.length;
  for (let better = true; better;) {
    better = false;
    for (let i = 0; i < n - 2; i++) {
      const a = cities[tour[i]], b = cities[tour[i + 1]], ab = distance(a, b);
      for (let j = i + 2; j < n - (i === 0 ? 1 : 0); j++) {
        const c = cities[tour[j]], d = cities[tour[(j + 1) % n]];
        if (distance(a, c) + distance(b, d) < ab + distance(c, d) - 1e-9) {
          for (let low = i + 1, high = j; low < high; low++, high--) [tour[low], tour[high]] = [tour[high], tour[low]];
          better = true;
          break;
        }
      }
    }
  }
}

function measure(cities, tour) {
  return tour.reduce((sum, city, i) => sum + distance(cities[city], cities[tour[(i + 1) % tour.length]]), 0);
}

// Swaps two neighbouring stretches (the double bridge).
function kick(tour, n) {
  const [a, b, c] = [0, 0, 0].map(() => 1 + Math.floor(Math.random() * (n - 2))).sort((x, y) => x - y);
  return [...tour.slice(0, a), ...tour.slice(b, c), ...tour.slice(a, b), ...tour.slice(c)];
}

function search() {
  const [job, next] = [{}, new Int32Array(workerData)];
  parentPort.on('message', (message) => Object.assign(job, message));
  const step = () => {
    if (job.id) {
      const mine = job.id, index = Atomics.add(next, 0, 1), draw = numbers(job.params.seed + index);
      const cities = Array.from({ length: job.params.cities }, () => [draw.next().value % 100000, draw.next().value % 100000]);
      parentPort.postMessage({ jsonrpc: '2.0', id: mine, result: { index, ...solve(cities, 12) } });
    }
    setTimeout(step, job.id ? 0 : 50);
  };
  step();
}

function main() {
  const next = new SharedArrayBuffer(4);
  const team = Array.from({ length: +process.env.THREADS || 2 }, () => new Worker(__filename, { workerData: next }));
  wire.connect(process.argv[2], +process.argv[3], 'routes', (message, answer) => {
    if (message.method !== 'job') return;
    team.forEach((worker) => {
      worker.removeAllListeners('message');
      worker.on('message', answer);
      worker.postMessage({ id: message.id, params: message.params });
    });
  });
}

if (isMainThread) main();
else search();
