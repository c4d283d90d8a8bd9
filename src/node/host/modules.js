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

let typescriptIsReady = false;

// The project's own loader comes first: it knows the project's tsconfig.
function prepareTypescript(file) {
  if (typescriptIsReady) return;
  typescriptIsReady = true;
  if (resolvable('tsx/cjs/api')) {
    projectRequire('tsx/cjs/api').register();
    if (Module.register) projectRequire('tsx/esm/api').register();
  } else if (resolvable('ts-node')) {
    projectRequire('ts-node').register({ transpileOnly: true });
  } else if (resolvable('@swc-node/register')) {
    projectRequire('@swc-node/register');
  } else if (!process.features.typescript) {
    typescriptIsReady = false;
    const error = new Error(
      `${path.basename(file)} is TypeScript, and Node ${process.version} does not strip types by itself`);
    error.code = 'WHIMBREL_NO_TYPESCRIPT';
    throw error;
  }
}

const NEEDS_IMPORT = new Set(['ERR_REQUIRE_ESM', 'ERR_REQUIRE_ASYNC_MODULE']);

async function loadModule(file) {
  if (TYPESCRIPT.has(path.extname(file))) prepareTypescript(file);
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

function projectPackage(name) {
  try {
    return projectRequire(name);
  } catch (error) {
    if (error?.code !== 'MODULE_NOT_FOUND' || resolvable(name)) throw error;
    const missing = new Error(`the project has no package '${name}'`);
    missing.code = 'WHIMBREL_NO_PACKAGE';
    missing.stack = missing.message;
    throw missing;
  }
}

let bsonPackage;

// The `bson` that the project's driver itself uses: its classes are those of the user's documents.
function bson() {
  if (!bsonPackage) {
    const driver = projectPackage('mongodb');
    const own = Module.createRequire(projectRequire.resolve('mongodb'));
    bsonPackage = driver.BSON?.deserialize ? driver.BSON : own('bson');
  }
  return bsonPackage;
}
