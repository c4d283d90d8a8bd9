// Called as migrate-mongo: what its commands read, in its order and with its words for what is wrong.
const crypto = require('crypto');

const DEFAULT_DIRECTORY = 'migrations';
const DEFAULT_EXTENSION = '.js';

// Where the configuration is, and the directory that the command line puts in place of its own.
let place = { file: '', migrationsDir: '' };

async function placedConfig() {
  const read = await (await loadModule(place.file));
  return place.migrationsDir ? { ...read, migrationsDir: place.migrationsDir } : read;
}

// A configuration that cannot be read counts as one that says nothing, where migrate-mongo has it so.
async function readOr(otherwise, key) {
  let value;
  try {
    value = (await placedConfig())[key];
  } catch {
    value = undefined;
  }
  return value ? value : otherwise;
}

async function migrationsDirectory() {
  const directory = await readOr(DEFAULT_DIRECTORY, 'migrationsDir');
  return path.isAbsolute(directory) ? directory : path.join(process.cwd(), directory);
}

async function migrationExtension() {
  const migrationFileExtension = await readOr(DEFAULT_EXTENSION, 'migrationFileExtension');
  if (!migrationFileExtension.startsWith('.')) throw new Error('migrationFileExtension must start with dot');
  return migrationFileExtension;
}

async function mustExist(what, file) {
  await fs.promises.stat(file).catch(() => {
    throw new Error(`${what} does not exist: ${file}`);
  });
}

function takePlace({ file, migrationsDir, words }) {
  place = { file, migrationsDir };
  // Migrations and configurations may look at the command line that they are run by.
  process.argv = [process.argv[0], 'migrate-mongo', ...words];
}

async function compatConfig(opening) {
  takePlace(opening);
  config = await placedConfig();
  const url = config?.mongodb.url;
  if (!url) throw new Error('No `url` defined in config file!');
  const { lockCollectionName, lockTtl, changelogCollectionName } = config;
  return { ...asConfig(config), locks: Boolean(lockCollectionName) && !(lockTtl <= 0), url: String(url),
    lockSeconds: Number(lockTtl) || 0, changelog: String(changelogCollectionName) };
}

async function compatConnect() {
  const { MongoClient } = projectPackage('mongodb');
  const { url, databaseName, options } = config.mongodb;
  client = await MongoClient.connect(url, options);
  database = client.db(databaseName);
  database.close = client.close;
  return { database: database.databaseName };
}

async function hashOf(file) {
  return crypto.createHash('sha256').update(await fs.promises.readFile(file)).digest('hex');
}

async function listMigrations(directory) {
  const extension = await migrationExtension();
  const names = await fs.promises.readdir(directory);
  return names.filter((name) => path.extname(name) === extension && name !== `sample-migration${extension}`)
    .sort();
}

// Every file beside its entry of the changelog, and the cells of the table that shows them.
async function compatStatus() {
  const directory = await migrationsDirectory();
  await mustExist('migrations directory', directory);
  await mustExist('config file', place.file);
  const names = await listMigrations(directory);
  const { changelogCollectionName, useFileHash } = config;
  const changelog = await database.collection(changelogCollectionName).find({}).toArray();
  const items = await Promise.all(names.map(async (name) => {
    const hash = useFileHash === true ? await hashOf(path.join(directory, name)) : undefined;
    const itemInLog = changelog.find((entry) => entry.fileName === name && (!hash || entry.fileHash === hash));
    const appliedAt = itemInLog ? itemInLog.appliedAt.toJSON() : 'PENDING';
    const block = itemInLog?.migrationBlock;
    const cells = useFileHash ? [name, hash, appliedAt, block] : [name, appliedAt, block];
    return { name, pending: appliedAt === 'PENDING', block: block ? String(block) : '', cells: cells.map(asCell) };
  }));
  return { directory, items, hashes: useFileHash === true };
}

function asCell(value) {
  return ['boolean', 'number', 'bigint', 'string'].includes(typeof value) ? String(value) : '';
}

// Where `create` puts the new file, and what it copies: the project's own template, or none.
async function compatCreate(opening) {
  takePlace(opening);
  const directory = await migrationsDirectory();
  await mustExist('migrations directory', directory);
  const extension = await migrationExtension();
  const sample = path.join(directory, `sample-migration${extension}`);
  if (fs.existsSync(sample)) return { directory, extension, sample, esm: false };
  const { moduleSystem } = await placedConfig();
  return { directory, extension, sample: '', esm: moduleSystem === 'esm' };
}

// The directory as the configuration writes it.
async function compatShown() {
  return { shown: `${(await placedConfig()).migrationsDir}` };
}

async function compatDirectory(opening) {
  takePlace(opening);
  return { directory: await migrationsDirectory() };
}
