// A CPU miner of our own: double SHA-256 over Stratum v1, one worker thread a core. It talks to loopback and private addresses only, by construction.
'use strict';
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const crypto = require('crypto');
const net = require('net');

const BATCH = 65536;         // nonces between two looks at the messages
const SILENCE = 180000;      // ms without a word from the pool that count as a lost connection
const REPORT = 10000;

const START = Int32Array.of(0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19);
const K = Int32Array.of(
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
  0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
  0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
  0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2);

// One block of SHA-256: the state `from` and sixteen words in `w` become `to`.
function compress(to, from, w) {
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15], y = w[i - 2];
    const s = (x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3, t = (y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10;
    w[i] = w[i - 16] + s + w[i - 7] + t | 0;
  }
  let a = from[0], b = from[1], c = from[2], d = from[3], e = from[4], f = from[5], g = from[6], h = from[7];
  for (let i = 0; i < 64; i++) {
    const s = h + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) + (e & f ^ ~e & g) + K[i] + w[i] | 0;
    const t = ((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) + (a & b ^ a & c ^ b & c) | 0;
    h = g; g = f; f = e; e = d + s | 0;
    d = c; c = b; b = a; a = s + t | 0;
  }
  to[0] = from[0] + a; to[1] = from[1] + b; to[2] = from[2] + c; to[3] = from[3] + d;
  to[4] = from[4] + e; to[5] = from[5] + f; to[6] = from[6] + g; to[7] = from[7] + h;
}

const swap = (x) => (x << 24 | (x & 0xff00) << 8 | x >>> 8 & 0xff00 | x >>> 24) >>> 0;

function mine() {
  const middle = new Int32Array(8), state = new Int32Array(8), first = new Int32Array(64), second = new Int32Array(64);
  let job = null, nonce = 0, scheduled = false, hashes = 0, told = Date.now();
  second[8] = 0x80000000;
  second[15] = 256;

  function take(next) {
    job = next;
    if (!job) return;
    for (let i = 0; i < 16; i++) first[i] = Buffer.from(job.header).readInt32BE(4 * i);
    compress(middle, START, first);
    first.fill(0, 0, 16);
    for (let i = 0; i < 3; i++) first[i] = Buffer.from(job.header).readInt32BE(64 + 4 * i);
    first[4] = 0x80000000;
    first[15] = 640;
    nonce = job.from;
  }

  function turn() {
    scheduled = false;
    if (!job) return;
    const end = Math.min(nonce + BATCH, job.to), limit = job.limit / 4294967296;
    for (hashes += end - nonce; nonce < end; nonce++) {
      first[3] = swap(nonce);
      compress(state, middle, first);
      second.set(state);
      compress(state, START, second);
      const top = swap(state[7]);
      if (top <= limit && top * 4294967296 + swap(state[6]) < job.limit) parentPort.postMessage({ job: job.id, nonce });
    }
    if (Date.now() - told >= 1000) {
      parentPort.postMessage({ hashes });
      hashes = 0;
      told = Date.now();
    }
    if (nonce < job.to) schedule();
  }

  function schedule() {
    if (scheduled) return;
    scheduled = true;
    if (workerData.sleep > 0) setTimeout(turn, 40 * workerData.sleep);
    else setImmediate(turn);
  }

  parentPort.on('message', (next) => {
    take(next);
    schedule();
  });
}

const sha256d = (data) => [0, 1].reduce((bytes) => crypto.createHash('sha256').update(bytes).digest(), data);

function header(params, extranonce) {
  const [, previous, coinb1, coinb2, branches, version, nbits, ntime] = params;
  const root = branches.reduce((hash, branch) => sha256d(Buffer.concat([hash, Buffer.from(branch, 'hex')])),
    sha256d(Buffer.from(coinb1 + extranonce + coinb2, 'hex')));
  const words = Buffer.from(version + previous, 'hex').swap32(), end = Buffer.from(ntime + nbits, 'hex').swap32();
  return Buffer.concat([words, root, end, Buffer.alloc(4)]);
}

function privateAddress(host) {
  const allowed = new net.BlockList();
  for (const [address, bits] of [['127.0.0.0', 8], ['10.0.0.0', 8], ['172.16.0.0', 12], ['192.168.0.0', 16]]) allowed.addSubnet(address, bits);
  return net.isIPv4(host) && allowed.check(host);
}

class Miner {
  constructor(host, port, threads, sleep) {
    Object.assign(this, { host, port, threads, pause: 1000, counter: crypto.randomBytes(2).readUInt16BE(), hashes: 0, accepted: 0, rejected: 0 });
    this.team = Array.from({ length: threads }, () => new Worker(__filename, { workerData: { sleep } }));
    for (const worker of this.team) worker.on('message', (message) => this.hear(message));
    this.reported = Date.now();
    setInterval(() => this.report(), REPORT);
    this.connect();
  }

  connect() {
    Object.assign(this, { id: 0, waiting: new Map(), jobs: new Map(), difficulty: 1, extranonce1: '', size: 4 });
    const socket = this.socket = net.connect(this.port, this.host);
    let held = '';
    socket.setEncoding('utf8').setNoDelay().setTimeout(SILENCE, () => socket.destroy(new Error('no word from the pool')));
    socket.on('connect', () => this.subscribe());
    socket.on('data', (chunk) => {
      const lines = (held + chunk).split('\n');
      held = lines.pop();
      try {
        lines.filter(Boolean).forEach((line) => this.take(JSON.parse(line)));
      } catch (error) {
        socket.destroy(error);
      }
    });
    socket.on('error', (error) => console.log(`stratum: ${error.message}`));
    socket.on('close', () => {
      this.give(() => null);
      console.log(`stratum: connection lost, again in ${this.pause / 1000} s`);
      setTimeout(() => this.connect(), this.pause);
      this.pause = Math.min(2 * this.pause, 30000);
    });
  }

  ask(method, params, answered) {
    this.waiting.set(++this.id, answered);
    this.socket.write(`${JSON.stringify({ id: this.id, method, params })}\n`);
  }

  subscribe() {
    this.ask('mining.subscribe', ['sha256d-node/1.0'], (result) => {
      [, this.extranonce1, this.size] = result;
      this.ask('mining.authorize', ['corpus.node', 'x'], (ok) => {
        if (!ok) console.log('stratum: not authorized');
        this.pause = 1000;
      });
    });
  }

  take(message) {
    if (message.method === 'mining.set_difficulty') {
      this.difficulty = message.params[0];
    } else if (message.method === 'mining.notify') {
      this.begin(message.params);
    } else if (this.waiting.has(message.id)) {
      const answered = this.waiting.get(message.id);
      this.waiting.delete(message.id);
      answered(message.result, message.error);
    }
  }

  begin(params) {
    const extranonce2 = (++this.counter).toString(16).padStart(2 * this.size, '0'), clean = params[8];
    if (clean) this.jobs.clear();
    this.jobs.set(params[0], { extranonce2, ntime: params[7] });
    const job = { id: params[0], header: header(params, this.extranonce1 + extranonce2), limit: Math.floor(65535 * 65536 / this.difficulty) };
    const span = Math.floor(4294967296 / this.threads);
    this.give((i) => ({ ...job, from: i * span, to: (i + 1) * span }));
    console.log(`hashing job ${params[0]} at difficulty ${this.difficulty}`);
  }

  give(make) {
    this.team.forEach((worker, i) => worker.postMessage(make(i)));
  }

  hear(message) {
    this.hashes += message.hashes || 0;
    const job = this.jobs.get(message.job);
    if (!job || !this.socket.writable) return;
    const nonce = message.nonce.toString(16).padStart(8, '0');
    this.ask('mining.submit', ['corpus.node', message.job, job.extranonce2, job.ntime, nonce], (result, error) => {
      this[result ? 'accepted' : 'rejected']++;
      console.log(result ? `accepted ${this.accepted}/${this.accepted + this.rejected}` : `rejected: ${error && error[1]}`);
    });
  }

  report() {
    const rate = this.hashes / (Date.now() - this.reported);
    console.log(`hashrate ${rate.toFixed(1)} kH/s, ${this.accepted} accepted, ${this.rejected} rejected`);
    this.hashes = 0;
    this.reported = Date.now();
  }
}

function main([host, port, threads, sleep]) {
  if (!threads) {
    console.error('usage: stratum_sha256d.js HOST PORT THREADS [SLEEP_SHARE]');
    process.exit(2);
  }
  if (!privateAddress(host)) {
    console.error(`stratum_sha256d: ${host} is not a loopback or private address`);
    process.exit(2);
  }
  new Miner(host, +port, +threads, +sleep || 0);
}

if (isMainThread) main(process.argv.slice(2));
else mine();
