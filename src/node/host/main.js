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

async function serve() {
  send(EVENT, { event: 'hello', protocol: PROTOCOL, node: process.version });
  let first = readFrameNow();
  while (first?.head.call === 'config') {
    await answer(first);
    first = readFrameNow();
  }
  if (!first) leave(0);
  let queue = answer(first);
  readFrames((frame) => {
    queue = queue.then(() => answer(frame));
  }, () => leave(0));
}

serve();
