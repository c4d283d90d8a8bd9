// Frames on file descriptor 3, in both directions (src/node/frames.h says the same in C++):
//   uint32 size of what follows | uint32 call | uint32 size of head | head, JSON | documents, BSON
// All numbers are little-endian. Call 0 marks an event that nobody asked for.
const fs = require('fs');
const net = require('net');

const CHANNEL = 3;
const EVENT = 0;
const socket = new net.Socket({ fd: CHANNEL, readable: true, writable: true });

function frame(call, head, documents = []) {
  const text = Buffer.from(JSON.stringify(head));
  const prefix = Buffer.alloc(12);
  const size = documents.reduce((sum, document) => sum + document.length, 8 + text.length);
  prefix.writeUInt32LE(size, 0);
  prefix.writeUInt32LE(call, 4);
  prefix.writeUInt32LE(text.length, 8);
  return Buffer.concat([prefix, text, ...documents], 4 + size);
}

function send(call, head, documents) {
  socket.write(frame(call, head, documents));
}

// For the last words of a process that is about to end: nothing is flushed after them.
function sendNow(head) {
  try {
    fs.writeSync(CHANNEL, frame(EVENT, head));
  } catch {
    // Whoever listens sees the end of the stream.
  }
}

function readFrames(handle) {
  let chunks = [];
  let have = 0;
  const take = (size) => {
    const all = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, have);
    chunks = [all.subarray(size)];
    have -= size;
    return all.subarray(0, size);
  };
  let wanted = 0;
  socket.on('data', (chunk) => {
    chunks.push(chunk);
    have += chunk.length;
    for (;;) {
      if (wanted === 0 && have >= 4) wanted = take(4).readUInt32LE(0);
      if (wanted === 0 || have < wanted) return;
      const body = take(wanted);
      wanted = 0;
      const headSize = body.readUInt32LE(4);
      const head = JSON.parse(body.toString('utf8', 8, 8 + headSize));
      handle(body.readUInt32LE(0), head, body.subarray(8 + headSize));
    }
  });
}
