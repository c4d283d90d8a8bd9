// Frames on file descriptor 3, in both directions (src/node/frames.h says the same in C++):
//   uint32 size of what follows | uint32 call | uint32 size of head | head, JSON | documents, BSON
// All numbers are little-endian. Call 0 marks an event that nobody asked for.
const fs = require('fs');

const CHANNEL = 3;
const EVENT = 0;
let socket = null;

function frame(call, head, documents = []) {
  // Half a surrogate pair is JSON to JavaScript, and to nobody else.
  const text = Buffer.from(JSON.stringify(head).replace(/\\ud[89a-f][0-9a-f]{2}/gi, '\\ufffd'));
  const prefix = Buffer.alloc(12);
  const size = documents.reduce((sum, document) => sum + document.length, 8 + text.length);
  prefix.writeUInt32LE(size, 0);
  prefix.writeUInt32LE(call, 4);
  prefix.writeUInt32LE(text.length, 8);
  return Buffer.concat([prefix, text, ...documents], 4 + size);
}

function send(call, head, documents) {
  const bytes = frame(call, head, documents);
  if (socket) socket.write(bytes);
  else fs.writeSync(CHANNEL, bytes);
}

// For the last words of a process that is about to end: nothing is flushed after them.
function sendNow(head) {
  try {
    fs.writeSync(CHANNEL, frame(EVENT, head));
  } catch {
    // Whoever listens sees the end of the stream.
  }
}

function parseFrame(body) {
  const headSize = body.readUInt32LE(4);
  return { call: body.readUInt32LE(0), head: JSON.parse(body.toString('utf8', 8, 8 + headSize)),
    documents: body.subarray(8 + headSize) };
}

function readNow(size) {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size;) {
    const got = fs.readSync(CHANNEL, bytes, at, size - at);
    if (got === 0) return null;
    at += got;
  }
  return bytes;
}

// The next frame, while nothing else has to go on in this process; null at the end of the stream.
// Waiting so spares the start of a socket: a tenth of the time of a short command.
function readFrameNow() {
  const size = readNow(4);
  const body = size && readNow(size.readUInt32LE(0));
  return body && parseFrame(body);
}

// Reads frames beside the user's code from now on.
function readFrames(handle, ended) {
  const net = require('net');
  socket = new net.Socket({ fd: CHANNEL, readable: true, writable: true });
  socket.on('error', ended);
  socket.on('close', ended);
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
      handle(parseFrame(body));
    }
  });
}
