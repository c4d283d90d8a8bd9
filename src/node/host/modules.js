// Loads what belongs to the user: configuration, migrations, and the packages of the project.
const Module = require('module');
const path = require('path');
const url = require('url');

const TYPESCRIPT = new Set(['.ts', '.mts', '.cts']);
const projectRequire = Module.createRequire(path.join(process.cwd(), 'package.json'));

function resolvable(name) {
  try {
    projectRequire.resolve(name);
    return true;
  } catch {
    return false;
  }
}

function isEsmPackage() {
  try {
    return projectRequire('./package.json').type === 'module';
  } catch {
    return false;
  }
}

// Each loader has one way for require() and one for import(); a package of ES modules needs the second.
const LOADERS = [
  ['tsx', async () => {
    projectRequire('tsx/cjs/api').register();
    if (Module.register) (await importModule('tsx/esm/api')).register();
  }],
  ['ts-node', async () => {
    const compilerOptions = { module: 'commonjs', moduleResolution: 'node10' };
    projectRequire('ts-node').register({ transpileOnly: true, compilerOptions });
    if (isEsmPackage()) Module.register('ts-node/esm/transpile-only', url.pathToFileURL(`${process.cwd()}/`));
  }],
  ['@swc-node/register', async () => {
    projectRequire('@swc-node/register');
    if (isEsmPackage()) await importModule('@swc-node/register/esm-register');
  }],
];

let typescriptIsReady = false;

// The project's own loader comes first: it knows the project's tsconfig.
async function prepareTypescript() {
  if (typescriptIsReady) return;
  const own = LOADERS.find(([name]) => resolvable(name));
  if (own) await own[1]();
  if (!own && !process.features.typescript) {
    const error = new Error(`it is TypeScript, and Node ${process.version} does not strip types by itself`);
    error.code = 'WHIMBREL_NO_TYPESCRIPT';
    throw error;
  }
  typescriptIsReady = true;
}

const NEEDS_IMPORT = new Set(['ERR_REQUIRE_ESM', 'ERR_REQUIRE_ASYNC_MODULE']);

async function loadModule(file) {
  if (TYPESCRIPT.has(path.extname(file))) await prepareTypescript();
  let loaded;
  try {
    loaded = projectRequire(file);
  } catch (error) {
    if (!NEEDS_IMPORT.has(error?.code)) throw error;
    loaded = await importModule(url.pathToFileURL(file).href);
  }
  const exported = loaded.default ? loaded.default : loaded;
  // An ES module that a TypeScript loader turned into CommonJS has its default export wrapped twice.
  const twice = TYPESCRIPT.has(path.extname(file)) && exported.default;
  return twice ? exported.default : exported;
}

// A migrate-mongo that is installed for the whole system brings a driver of its own.
const globalRequire = Module.createRequire(
  path.join(process.execPath, '..', '..', 'lib', 'node_modules', 'migrate-mongo', 'package.json'));

function requireOf(name) {
  if (resolvable(name)) return projectRequire;
  try {
    globalRequire.resolve(name);
    return globalRequire;
  } catch {
    return projectRequire;
  }
}

function projectPackage(name) {
  try {
    return requireOf(name)(name);
  } catch (error) {
    if (error?.code !== 'MODULE_NOT_FOUND' || resolvable(name)) throw error;
    const missing = new Error(`the project has no package '${name}'`);
    missing.code = 'WHIMBREL_NO_PACKAGE';
    missing.stack = missing.message;
    throw missing;
  }
}

let bsonPackage;

// The `bson` that the project's driver itself uses: its classes are those of the user's documents. Loading
// the whole driver takes 70 ms more, which a migration that does not ask for it need not wait for.
function bson() {
  bsonPackage ??= bsonOfDriver() ?? projectPackage('mongodb').BSON;
  return bsonPackage;
}

function bsonOfDriver() {
  try {
    return Module.createRequire(requireOf('mongodb').resolve('mongodb'))('bson');
  } catch (error) {
    if (error?.code !== 'MODULE_NOT_FOUND') throw error;
    return null;
  }
}
