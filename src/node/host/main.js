// Answers calls in the order they come; ends when whoever started it is gone.

const PROTOCOL = 1;

const CALLS = {
  config: readConfig,
  connect,
  describe: describeMigration,
  run: runScript,
  openSession,
  runInTransaction,
  transactionCommand,
  commitTransaction,
  abortTransaction,
  open: openMigration,
  close: closeMigration,
  check: checkMigration,
  touched: touchedCollections,
  transform: transformBatch,
  compatConfig,
  compatConnect,
  compatStatus,
  compatCreate,
  compatShown,
  compatDirectory,
  exit: async () => {
    await client?.close().catch(() => {});
    setImmediate(() => leave(0));
    return {};
  },
};

let current = '';

const leave = process.exit.bind(process);
process.exit = (code) => {
  const stack = new Error('process.exit').stack;
  sendNow({ event: 'exit', code: code ?? process.exitCode ?? 0, line: lineIn(current, stack) });
  leave(code);
};

function die(error) {
  sendNow({ event: 'uncaught', error: plainError(error, current) });
  leave(1);
}

// Where the project listens itself, Node would go on: so does this process.
function projectListens(event) {
  return process.listenerCount(event) > 1;
}

process.on('uncaughtException', (error) => {
  if (!projectListens('uncaughtException')) die(error);
});
process.on('unhandledRejection', (error) => {
  if (projectListens('unhandledRejection')) return;
  const catches = projectListens('uncaughtException') || process.hasUncaughtExceptionCaptureCallback();
  if (!catches) die(error);
  throw error; // as Node does with a rejection that nobody listens to
});

async function answer({ call, head, documents: bytes }) {
  current = head.file ?? current;
  try {
    const result = await CALLS[head.call](head, bytes);
    const [reply, documents] = Array.isArray(result) ? result : [result, []];
    send(call, { ok: true, ...reply }, documents);
  } catch (error) {
    send(call, { ok: false, error: plainError(error, current) });
  }
}

// Whoever started it beats every 2 s while it waits for an answer. Twice silent, for what was just
// as busy here: its beats may lie in the channel.
const LONGEST_SILENCE = 20_000;
let working = 0;
let heard = Date.now();
let silent = false;

function endWhenLeftAlone() {
  if (working === 0 || Date.now() - heard <= LONGEST_SILENCE) return;
  if (silent) leave(1);
  silent = true;
}

function hear() {
  heard = Date.now();
  silent = false;
}

async function work(frame) {
  hear();
  working += 1;
  await answer(frame);
  working -= 1;
}

async function serve() {
  send(EVENT, { event: 'hello', protocol: PROTOCOL, node: process.version });
  let first = readFrameNow();
  while (first && (first.call === EVENT || first.head.call === 'config')) {
    if (first.call !== EVENT) await answer(first);
    first = readFrameNow();
  }
  if (!first) leave(0);
  setInterval(endWhenLeftAlone, 1000).unref();
  let queue = work(first);
  readFrames((frame) => {
    if (frame.call === EVENT) hear();
    else queue = queue.then(() => work(frame));
  }, () => leave(0));
}

serve();
