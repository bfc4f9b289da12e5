// JSON text frames over a WebSocket, for workers in JavaScript.
'use strict';
const crypto = require('crypto');
const net = require('net');

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

// take(message, answer) is called for every message; the process ends with the connection.
function connect(host, port, kind, take, tries = 40) {
  const socket = net.connect(port, host);
  let upgraded = false;
  const feed = reader((message) => take(message, (answer) => socket.write(frame(JSON.stringify(answer)))));
  socket.on('connect', () => socket.write(`GET /jobs HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${crypto.randomBytes(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\n\r\n`));
  socket.on('data', (chunk) => {
    if (!upgraded) {
      upgraded = true;
      const end = chunk.indexOf('\r\n\r\n');
      socket.write(frame(JSON.stringify({ method: 'hello', params: { kind } })));
      chunk = chunk.subarray(end + 4);
    }
    feed(chunk);
  });
  socket.on('error', (error) => (tries > 0 ? setTimeout(connect, 500, host, port, kind, take, tries - 1) : process.exit(error ? 3 : 4)));
  socket.on('close', () => upgraded && process.exit(4));
}

module.exports = { connect };
