// Keeps a migration that is only tried to its scratch database, and notes what it asks there.

let scratch = null; // { database, standsFor, touched, ours }
const guarded = new WeakSet();

// Whoever asks for the user's database, or for the connection string's, gets the scratch one.
function nameInScratch(name) {
  if (!name || name === scratch.standsFor || name === scratch.database) return scratch.database;
  const error = new Error(`it asked for the database '${name}'; while it is tried, it is kept to copies in a ` +
    'scratch database');
  error.code = 'WHIMBREL_OTHER_DATABASE';
  throw error;
}

function isOurs(collection) {
  return collection.startsWith('whimbrel_') || scratch.ours.has(collection);
}

// Asked by whimbrel itself through the same client.
function leaveOut(collection) {
  scratch?.ours.add(collection);
}

function note({ commandName, command, databaseName }) {
  const collection = commandName === 'getMore' ? command.collection : command[commandName];
  if (databaseName !== scratch.database || typeof collection !== 'string' || isOurs(collection)) return;
  const commands = scratch.touched.get(collection) ?? new Set();
  scratch.touched.set(collection, commands.add(commandName));
}

function guardClient(MongoClient) {
  const { prototype } = MongoClient ?? {};
  if (typeof prototype?.db !== 'function' || guarded.has(prototype)) return;
  guarded.add(prototype);
  const { db, connect: connectClient } = prototype;
  prototype.db = function (name, options) {
    return db.call(this, nameInScratch(name), options);
  };
  prototype.connect = function (...words) {
    if (!guarded.has(this)) {
      guarded.add(this);
      this.monitorCommands = true;
      this.on('commandStarted', note);
    }
    return connectClient.apply(this, words);
  };
}

const DRIVER = /[\\/]node_modules[\\/]mongodb[\\/]/;

// Every copy of the driver that the user's code loads is guarded: mongoose brings its own.
function keepToScratch({ database: name, standsFor }) {
  if (!standsFor || scratch) return;
  scratch = { database: name, standsFor, touched: new Map(), ours: new Set() };
  const load = Module._load;
  Module._load = function (request, ...rest) {
    const loaded = load.call(this, request, ...rest);
    if (request === 'mongodb' || DRIVER.test(request)) guardClient(loaded?.MongoClient);
    return loaded;
  };
  for (const loaded of Object.values(Module._cache)) {
    if (DRIVER.test(loaded.filename)) guardClient(loaded.exports?.MongoClient);
  }
}

// The collections that its code has asked so far, and with which commands.
async function touchedCollections() {
  const touched = [...(scratch?.touched ?? [])].map(([collection, commands]) =>
    ({ collection, commands: [...commands] }));
  return { touched };
}
