// The calls of the driver in a migration, with what their arguments say.

// Where each keeps its filter and its change among the arguments.
const WRITES = new Map([
  ['updateOne', [0, 1]], ['updateMany', [0, 1]], ['findOneAndUpdate', [0, 1]], ['deleteMany', [0]], ['deleteOne', [0]],
  ['update', [0, 1]], ['remove', [0]],
]);
const BULK_WRITES = new Set(['updateOne', 'updateMany', 'deleteMany', 'deleteOne']);
const CATALOGUE = new Set(['createIndex', 'createIndexes', 'drop', 'dropCollection', 'dropDatabase',
  'createCollection', 'rename', 'renameCollection']);
// Names that other objects have, too: only what is reached through a database is the driver's.
const COMMON = new Set(['update', 'remove', 'drop', 'rename', 'command', 'distinct', 'aggregate', 'find']);

// `db`, or what up(db, client) was given.
function isDriver(tree, exported, chain) {
  if (chain.has('collection', 'db')) return true;
  const { root } = chain;
  if (root?.type !== 'Identifier') return false;
  const binding = tree.binding(root);
  const given = binding?.of && [...exported.names.values()].includes(binding.of) && binding.parameter < 2;
  return Boolean(given) || root.name === 'db';
}

// Inside which exported function a node is: 'up', 'down', …; '' for helpers, which may serve any.
function exportedAround(tree, exported, node) {
  for (let at = tree.functionAround(node); at; at = tree.functionAround(at)) {
    for (const [name, value] of exported.names) {
      if (value === at) return name;
    }
  }
  return '';
}

const given = (node) => node !== undefined;

function writeOf(tree, method, argumentsOf) {
  const [filter, update] = WRITES.get(method).map((i) => argumentsOf[i]);
  return { filter: given(filter) ? JSON.stringify(literal(tree, filter)) : '{}',
    update: given(update) ? JSON.stringify(literal(tree, update)) : '' };
}

function catalogueOf(tree, method, call) {
  const [first, second] = call.arguments;
  const named = method === 'dropCollection' || method === 'createCollection' || method === 'renameCollection';
  const renamed = { rename: first, renameCollection: second }[method];
  return { collection: named ? textLiteral(tree, first) : undefined, to: textLiteral(tree, renamed) };
}

// `db.command({ drop: 'x' })` and the like.
function commandOf(tree, call) {
  const command = literal(tree, call.arguments[0]);
  if (typeof command?.drop === 'string') return { method: 'drop', collection: command.drop };
  if (command?.dropDatabase) return { method: 'dropDatabase' };
  const indexed = command?.createIndexes;
  return typeof indexed === 'string' ? { method: 'createIndexes', collection: indexed } : null;
}

function describeCall(tree, method, call, chain) {
  if (WRITES.has(method)) return { method, ...writeOf(tree, method, call.arguments) };
  if (method === 'command') return commandOf(tree, call);
  return { method, ...catalogueOf(tree, method, call) };
}

// A builder's `bulk.find(…).updateOne(…)` is no call of the server.
const isBuilder = (chain) => chain.has('initializeOrderedBulkOp', 'initializeUnorderedBulkOp') ||
  (WRITES.has(chain.calls[0]?.method) && ['find', 'upsert'].includes(chain.calls[1]?.method));

// The entries of bulkWrite: `{ updateMany: { filter, update } }`, wherever the list is made.
function bulkWriteOf(tree, property) {
  const name = property.key.name ?? property.key.value;
  const entry = tree.meant(property.value);
  if (!BULK_WRITES.has(name) || entry?.type !== 'ObjectExpression') return null;
  const parts = {};
  for (const { key, value } of entry.properties) if (key) parts[key.name ?? key.value] = value;
  if (!parts.filter) return null;
  return { method: name, filter: JSON.stringify(literal(tree, parts.filter)),
    update: parts.update ? JSON.stringify(literal(tree, parts.update)) : '' };
}

function bulkCollection(tree, node) {
  const call = tree.around(node, (at) => methodOf(at) === 'bulkWrite', (at) => FUNCTIONS.has(at.type));
  return call ? collectionOf(tree, chainOf(tree, call)) : '';
}

function placed(tree, place, node) {
  const callee = node.type === 'CallExpression' ? unwrapped(node.callee) : node;
  const at = place((callee.property ?? callee).loc.start);
  return { line: at.line, column: at.column, from: place(tree.statement(node).loc.start).line };
}

function driverCall(tree, exported, node) {
  const method = methodOf(node);
  if (!method || !(WRITES.has(method) || CATALOGUE.has(method) || method === 'command')) return null;
  const chain = chainOf(tree, node);
  if (isBuilder(chain) || (COMMON.has(method) && !isDriver(tree, exported, chain))) return null;
  const described = describeCall(tree, method, node, chain);
  return described && { ...described, collection: described.collection ?? collectionOf(tree, chain) };
}

function driverCalls(tree, exported, place) {
  const calls = [];
  for (const node of tree.nodes) {
    let call = node.type === 'CallExpression' ? driverCall(tree, exported, node) : null;
    if (node.type === 'Property') {
      call = bulkWriteOf(tree, node);
      if (call) call.collection = bulkCollection(tree, node);
    }
    if (call) calls.push({ ...call, within: exportedAround(tree, exported, node), ...placed(tree, place, node) });
  }
  return calls;
}
