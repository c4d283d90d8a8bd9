// Migrations of the user: script migrations run whole, document migrations are asked batch by batch.

// Promises under way at once inside one batch, unless the migration says options.concurrency.
const CONCURRENCY = 32;

let config = null;
let client = null;
let database = null;
const opened = new Map();

async function readConfig({ file }) {
  config = await (await loadModule(file));
  return asConfig(config);
}

// What can be said in JSON; a logger or a socket among the options may hold itself.
function speakable(object) {
  return Object.fromEntries(Object.entries(object ?? {}).filter(([, value]) => {
    try {
      JSON.stringify(value, withoutCode);
      return true;
    } catch {
      return false;
    }
  }));
}

function asConfig(read) {
  const { mongodb, ...rest } = read ?? {};
  const server = { ...speakable(mongodb), options: speakable(mongodb?.options) };
  return { config: JSON.stringify({ ...speakable(rest), mongodb: server }, withoutCode) };
}

// Functions, certificates and the like stay here; the driver gets them from the object itself.
function withoutCode(_key, value) {
  if (typeof value === 'function' || typeof value === 'symbol') return undefined;
  return typeof value === 'bigint' ? Number(value) : value;
}

// `uri` and `database` are the effective ones; options come from the JavaScript configuration.
async function connect(driver) {
  const { uri, database: name } = driver;
  keepToScratch(driver);
  const { MongoClient } = projectPackage('mongodb');
  const options = config?.mongodb?.options;
  client = await MongoClient.connect(uri, options);
  database = client.db(name || undefined);
  database.close = client.close;
  return { database: database.databaseName };
}

function isDocumentMigration(migration) {
  return typeof migration?.transform === 'function' || typeof migration?.transformBatch === 'function';
}

function limit(value) {
  return typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean' ? value : null;
}

// What a script says of itself; null for a value of another type, which only who asks for one minds.
function declarations({ collections, transaction }) {
  const declared = {};
  if (collections !== undefined) {
    const names = Array.isArray(collections) && collections.every((name) => typeof name === 'string');
    declared.collections = names ? collections : null;
  }
  if (transaction !== undefined) declared.transaction = typeof transaction === 'boolean' ? transaction : null;
  return declared;
}

// What the file says, for whoever plans it. Filters go as BSON, so that every type survives.
async function describeMigration({ file }) {
  const migration = await loadModule(file);
  const has = (name) => typeof migration?.[name] === 'function';
  const described = { up: has('up'), down: has('down'), migrate: has('migrate'),
    document: isDocumentMigration(migration), version: process.version };
  if (!described.document) return { ...described, ...declarations(migration) };
  const options = migration.options ?? {};
  Object.assign(described, {
    collection: typeof migration.collection === 'string' ? migration.collection : null,
    reads: migration.reads === undefined ? null : migration.reads,
    keys: Object.keys(migration), transformBatch: has('transformBatch'), transform: has('transform'),
    revert: has('revert'), check: has('check'), description: String(migration.description ?? ''),
    options: Object.fromEntries(Object.entries(options).map(([name, value]) =>
      [name, isPlain(value) ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, limit(v)])) : limit(value)])),
  });
  const where = migration.where ?? {};
  described.whereIsObject = isPlain(where);
  return [described, described.whereIsObject ? [serializeWhole(where)] : []];
}

// Written out, so that a missing function is called by its name: "migration.up is not a function".
const FUNCTIONS = {
  up: (migration, ...given) => migration.up(...given),
  down: (migration, ...given) => migration.down(...given),
  migrate: (migration, ...given) => migration.migrate(...given),
};

// Node keeps what a pipe does not take at once; this process may end as soon as it has answered.
function written(stream) {
  return new Promise((resolve) => {
    if (stream.writableLength === 0 || stream.destroyed) resolve();
    else stream.write('', () => resolve());
  });
}

async function allWritten() {
  await written(process.stdout);
  await written(process.stderr);
}

async function runScript({ file, direction }) {
  try {
    await FUNCTIONS[direction](await loadModule(file), database, client);
  } finally {
    await allWritten();
  }
  return {};
}

function lazyDatabase(opening) {
  if (!client) {
    const { MongoClient } = projectPackage('mongodb');
    client = new MongoClient(opening.uri, config?.mongodb?.options);
    database = client.db(opening.database || undefined);
  }
  return { client, database };
}

// As much of ctx.log as of what is printed (OutputReader): more would fill the memory of this process.
const MOST_LOGS = 100_000;
const LONGEST_LOG = 16 << 10;
let logged = 0;

function log(...words) {
  if (logged >= MOST_LOGS) return;
  for (const line of words.map(String).join(' ').split('\n', MOST_LOGS - logged)) {
    logged += 1;
    send(EVENT, { event: 'log', text: line.slice(0, LONGEST_LOG) });
  }
  if (logged >= MOST_LOGS) send(EVENT, { event: 'log', text: '(it logged too much: further lines are dropped)' });
}

function makeCtx(opening) {
  return {
    get client() { return lazyDatabase(opening).client; },
    get db() { return lazyDatabase(opening).database; },
    log,
    state: {},
    migration: opening.migration,
  };
}

// Makes a document migration ready in this process: each lane has one of its own.
async function openMigration(opening) {
  keepToScratch(opening);
  if (opening.config) await readConfig({ file: opening.config });
  const migration = await loadModule(opening.file);
  const ctx = makeCtx(opening);
  opened.set(opening.file, { migration, ctx, file: opening.file });
  if (typeof migration.setup === 'function') await migration.setup(ctx);
  return {};
}

async function closeMigration({ file }) {
  const { migration, ctx } = opened.get(file) ?? {};
  opened.delete(file);
  if (typeof migration?.teardown === 'function') await migration.teardown(ctx);
  await allWritten();
  return {};
}

// The migration's own check: it fails by throwing, or by returning false.
async function checkMigration({ file }) {
  const { migration, ctx } = opened.get(file);
  const verdict = await migration.check(ctx);
  if (verdict === false) throw new Error('check returned false');
  return {};
}

// Calls `work(i)` for i below `count`, at most `most` at a time; one that returns at once costs no turn
// of the event loop. Resolves when all are settled or `deadline` has passed.
function inParallel(count, most, deadline, work) {
  return new Promise((resolve) => {
    let next = 0;
    let running = 0;
    let ended = false;
    const finish = () => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(finish, deadline);
    const pump = () => {
      while (!ended && running < most && next < count) {
        const pending = work(next++);
        if (!pending) continue;
        running += 1;
        pending.then(() => { running -= 1; pump(); });
      }
      if (running === 0 && next >= count) finish();
    };
    pump();
  });
}

function withoutStack(message) {
  const error = new Error(message);
  error.stack = message;
  return error;
}

function timedOut(seconds) {
  return withoutStack(`it did not settle within ${seconds} s (node.transformTimeout)`);
}

// The part of the time-out that a document must have had for itself before it is to blame for the rest.
const FAIR = 0.9;

// A document that was started late, or not at all, is asked again in a smaller batch: whoever calls halves
// one that fails as a whole, and the first document of a batch has all of its time.
function refuseUnfairly(answers, started, timeout) {
  const now = performance.now();
  const early = answers.filter((answer, i) => !answer && !(now - started[i] >= FAIR * timeout)).length;
  if (early > 0 && answers.length > 1) {
    throw withoutStack(`${early} of its ${answers.length} documents had not had their time when ` +
      `${timeout / 1000} s were over (node.transformTimeout)`);
  }
}

// Every document by itself: one that throws costs itself only.
async function transformEach(at, revert, documents, timeout) {
  const { migration, ctx } = at;
  const name = revert ? 'revert' : 'transform';
  const most = migration.options?.concurrency ?? CONCURRENCY;
  const answers = new Array(documents.length).fill(null);
  const started = new Array(documents.length).fill(NaN);
  const settle = (i, read) => {
    try {
      answers[i] = interpret(read(), documents[i]);
    } catch (error) {
      answers[i] = { kind: FAILED, error: plainError(error, at.file) };
    }
  };
  await inParallel(documents.length, most, timeout, (i) => {
    let result;
    started[i] = performance.now();
    try {
      result = migration[name](parse(documents[i]), ctx);
    } catch (error) {
      settle(i, () => { throw error; });
      return null;
    }
    if (typeof result?.then !== 'function') {
      settle(i, () => result);
      return null;
    }
    return Promise.resolve(result).then((value) => settle(i, () => value),
      (error) => settle(i, () => { throw error; }));
  });
  refuseUnfairly(answers, started, timeout);
  // A late answer finds its place taken: the array that is sent is a copy.
  return answers.map((answer) => answer ?? { kind: FAILED, error: plainError(timedOut(timeout / 1000), '') });
}

async function transformTogether(at, documents, timeout) {
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(timedOut(timeout / 1000)), timeout);
  });
  const results = await Promise.race([
    Promise.resolve(at.migration.transformBatch(documents.map(parse), at.ctx)), late]);
  clearTimeout(timer);
  if (!Array.isArray(results) || results.length !== documents.length) {
    throw new TypeError(`transformBatch must return an array with one result for each of its ` +
      `${documents.length} documents`);
  }
  return results.map((result, i) => {
    try {
      return interpret(result, documents[i]);
    } catch (error) {
      return { kind: FAILED, error: plainError(error, at.file) };
    }
  });
}

async function transformBatch({ file, revert, timeout }, bytes) {
  const at = opened.get(file);
  const documents = split(bytes);
  const each = revert || typeof at.migration.transform === 'function';
  const answers = each ? await transformEach(at, revert, documents, timeout)
    : await transformTogether(at, documents, timeout);
  const failures = answers.flatMap((answer, i) => (answer.error ? [{ at: i, ...answer.error }] : []));
  return [{ kinds: answers.map((answer) => answer.kind), failures },
    answers.filter((answer) => answer.bytes).map((answer) => answer.bytes)];
}
