// `transaction: true`: a script's function inside one transaction of the project's own driver. What it is given
// takes part by itself: every method adds the session to its options, at the place that the tables name.

const DB_OPTIONS = { aggregate: 1, collections: 0, command: 1, createCollection: 1, createIndex: 2, dropCollection: 1,
  dropDatabase: 0, indexInformation: 1, listCollections: 1, profilingLevel: 0, removeUser: 1, renameCollection: 2,
  runCursorCommand: 1, setProfilingLevel: 1, stats: 0, watch: 1 };
const COLLECTION_OPTIONS = { aggregate: 1, bulkWrite: 1, count: 1, countDocuments: 1, createIndex: 1, createIndexes: 1,
  deleteMany: 1, deleteOne: 1, distinct: 2, drop: 0, dropIndex: 1, dropIndexes: 0, estimatedDocumentCount: 0, find: 1,
  findOne: 1, findOneAndDelete: 1, findOneAndReplace: 2, findOneAndUpdate: 2, indexExists: 1, indexInformation: 0,
  indexes: 0, initializeOrderedBulkOp: 0, initializeUnorderedBulkOp: 0, insert: 1, insertMany: 1, insertOne: 1,
  isCapped: 0, listIndexes: 0, options: 0, remove: 1, rename: 1, replaceOne: 2, stats: 0, update: 2, updateMany: 2,
  updateOne: 2, watch: 1 };
const CLIENT_OPTIONS = { bulkWrite: 1, watch: 1 };

// Methods that ask the server nothing, or whose own calls find the session (see bindImplicit).
const HARMLESS = new Set(['admin', 'appendMetadata', 'checkForNonGenuineHosts', 'connect', 'constructor', 'getLogger',
  'unref']);
const OWN_COMMANDS = new Set(['commitTransaction', 'abortTransaction', 'prepareTransaction', 'killSessions',
  'killAllSessions', 'endSessions']);

const NO_SUCH_TRANSACTION = 251;
const EXACT = { promoteValues: false, promoteLongs: false, promoteBuffers: false, bsonRegExp: true };

let session = null;
// What belongs to one attempt: { over, pending, broken, direction }.
let attempt = null;

function refusal(code, message) {
  const error = new Error(message);
  error.code = code;
  return error;
}

function refuseSession(what) {
  throw refusal('WHIMBREL_OWN_SESSION', `${what} is not possible with transaction: true: everything that ` +
    `${attempt.direction}() does through its db and client is in one transaction already; leave the session out`);
}

const CLIENT_REFUSED = {
  startSession: () => refuseSession('client.startSession()'),
  withSession: () => refuseSession('client.withSession()'),
  close: () => { throw refusal('WHIMBREL_OWN_SESSION', 'client.close() is not possible with transaction: true: ' +
    'the client is needed for the commit; leave it out'); },
};

function inSession(options) {
  if (options?.session && options.session !== session) refuseSession('a session of its own');
  return { ...options, session };
}

function isTransient(error) {
  return error?.errorLabels?.includes('TransientTransactionError') === true;
}

// The server ends a transaction at its first error, whether the script catches that or not.
function noteFailure(at, error) {
  const fromServer = typeof error?.code === 'number' && error.name !== 'MongoNetworkError';
  if (fromServer && !isTransient(error)) at.broken ??= error;
}

function explained(error) {
  const { broken, direction } = attempt;
  if (error?.code !== NO_SUCH_TRANSACTION || !broken || broken === error) return error;
  const better = refusal(String(broken.code), `${broken.message}: ${direction}() caught this error, but the ` +
    'server had ended the transaction with it');
  better.stack = broken.stack;
  places.set(better, places.get(broken));
  return better;
}

// Adds `options` behind arguments that were left out: filters are {} and pipelines [].
function withOptions(method, at, words) {
  const missing = method === 'aggregate' || method === 'watch' ? () => [] : () => ({});
  const filled = Array.from({ length: at }, (_, i) => words[i] ?? missing());
  return [...filled, inSession(words[at]), ...words.slice(at + 1)];
}

function call(target, method, at, words) {
  const own = attempt;
  const line = lineIn(current, new Error().stack);
  // Drivers before 5 may be given a callback.
  const callback = typeof words.at(-1) === 'function' ? words.pop() : null;
  const given = withOptions(method, at, words);
  if (callback) given.push(callbackOf(own, callback));
  const result = target[method](...given);
  if (typeof result?.then !== 'function') return bound(result);
  own.pending.add(result);
  result.then(() => own.pending.delete(result), () => own.pending.delete(result));
  // Nothing else waits for this one, so that an error that nobody catches is noticed as such.
  return result.then(bound, (error) => {
    noteFailure(own, error);
    if (error !== null && typeof error === 'object' && line > 0) places.set(error, line);
    throw error;
  });
}

function callbackOf(own, callback) {
  let done;
  const settled = new Promise((resolve) => { done = resolve; });
  own.pending.add(settled);
  return (error, ...results) => {
    if (error) noteFailure(own, error);
    own.pending.delete(settled);
    done();
    callback(error, ...results.map(bound));
  };
}

function refuseLate({ direction }, what) {
  throw refusal('WHIMBREL_OVER', `${what} was called when ${direction}() had ended, and its transaction with it; ` +
    'await what it starts');
}

function refuseUnknown(name) {
  throw refusal('WHIMBREL_OUTSIDE', `${name}() cannot take part in a transaction; leave it out, or leave ` +
    '`transaction` out');
}

function checkCommand(command) {
  const name = Object.keys(command ?? {})[0];
  if (OWN_COMMANDS.has(name)) refuseSession(`the command ${name}`);
}

// `target` with its methods bound to the attempt that is under way. Getters and events stay its own.
function boundTo(target, shown, table, special) {
  const own = attempt;
  return new Proxy(target, {
    get(_target, name) {
      if (Object.hasOwn(special, name)) return special[name];
      const value = Reflect.get(target, name, target);
      if (typeof value !== 'function') return boundParent(name, value);
      const known = Object.hasOwn(table, name);
      const method = typeof name === 'string' && Object.hasOwn(Object.getPrototypeOf(target), name);
      if (!known && (!method || HARMLESS.has(name))) return name === 'constructor' ? value : value.bind(target);
      return (...words) => {
        if (own.over) refuseLate(own, `${shown}.${name}()`);
        if (!known) refuseUnknown(`${shown}.${name}`);
        if (name === 'command' || name === 'runCursorCommand') checkCommand(words[0]);
        return call(target, name, table[name], words);
      };
    },
  });
}

// Newer drivers say whose a database or a collection is.
function boundParent(name, value) {
  if (name === 'client' && typeof value?.db === 'function') return boundClient(value);
  if (name === 'db' && typeof value?.collection === 'function') return boundDatabase(value);
  return value;
}

function boundClient(real) {
  return boundTo(real, 'client', CLIENT_OPTIONS, {
    ...CLIENT_REFUSED,
    db: (...words) => boundDatabase(real.db(...words)),
  });
}

function boundDatabase(real) {
  return boundTo(real, 'db', DB_OPTIONS, {
    ...(typeof real.close === 'function' ? { close: CLIENT_REFUSED.close } : {}),
    // Drivers before 5 may be given a callback.
    collection: (...words) => {
      const callback = typeof words.at(-1) === 'function' ? words.pop() : null;
      const collection = bound(real.collection(...words));
      if (callback) callback(null, collection);
      return collection;
    },
  });
}

// What a method gives back: collections are bound, too.
function bound(value) {
  if (Array.isArray(value)) return value.some(isCollection) ? value.map(bound) : value;
  return isCollection(value) ? boundTo(value, 'collection', COLLECTION_OPTIONS, {}) : value;
}

function isCollection(value) {
  return value !== null && typeof value === 'object' && value.constructor?.name === 'Collection' &&
    typeof value.collectionName === 'string';
}

// The driver begins a session of its own for what has none: a copied cursor, a method of admin(), the
// client inside another object. That is where such a call gets into the transaction.
function bindImplicit() {
  const own = attempt;
  client.startSession = (options) => {
    if (options?.explicit !== false) refuseSession('client.startSession()');
    if (own.over) refuseLate(own, 'something of the driver');
    return session;
  };
}

function endAttempt() {
  if (attempt) attempt.over = true;
  delete client?.startSession;
}

async function openSession() {
  endAttempt();
  await session?.endSession();
  session = client.startSession();
  return [{}, [serializeWhole({ lsid: session.id })]];
}

// A first command makes the transaction, so that a script may send several at once; it reads the changelog.
async function begin({ database: name, changelog, direction, readConcern }) {
  if (session.inTransaction()) await session.abortTransaction();
  attempt = { over: false, pending: new Set(), broken: null, direction };
  session.startTransaction({ readConcern: { level: readConcern }, writeConcern: { w: 'majority' },
    readPreference: 'primary' });
  bindImplicit();
  leaveOut(changelog);
  await client.db(name).command({ find: changelog, limit: 1, singleBatch: true }, { session });
}

async function allSettled(own) {
  while (own.pending.size > 0) await Promise.allSettled([...own.pending]);
}

async function runInTransaction(asked) {
  const { file, direction } = asked;
  const migration = await loadModule(file);
  await begin(asked);
  try {
    await FUNCTIONS[direction](migration, boundDatabase(database), boundClient(client));
  } catch (error) {
    throw explained(error);
  } finally {
    await allSettled(attempt);
    attempt.over = true;
    await allWritten();
  }
  return {};
}

function failureReply(error) {
  return { ok: 0, code: Number(error.code) || 0, errmsg: String(error.message),
    errorLabels: [...(error.errorLabels ?? [])] };
}

// A command of whimbrel's own, with the server's answer or one that looks like it.
async function transactionCommand({ database: name }, bytes) {
  let reply;
  try {
    reply = await client.db(name).command(bson().deserialize(bytes, EXACT), { session });
  } catch (error) {
    reply = failureReply(explained(error));
  }
  return [{}, [serializeWhole(reply)]];
}

async function commitTransaction() {
  await session.commitTransaction();
  endAttempt();
  await session.endSession();
  return {};
}

async function abortTransaction() {
  endAttempt();
  if (session?.inTransaction()) await session.abortTransaction();
  return {};
}
