// Rules that need nothing but the syntax tree: promises that nobody waits for, skip paging, whole collections.

const PROMISES = new Set(['insertOne', 'insertMany', 'updateOne', 'updateMany', 'replaceOne', 'deleteOne', 'deleteMany',
  'bulkWrite', 'findOneAndUpdate', 'findOneAndReplace', 'findOneAndDelete', 'createIndex', 'createIndexes', 'dropIndex',
  'dropIndexes', 'createCollection', 'dropCollection', 'dropDatabase', 'renameCollection', 'withTransaction',
  'commitTransaction', 'abortTransaction', 'drop', 'rename', 'command', 'update', 'remove']);
const SETTLING = new Set(['then', 'catch', 'finally']);

// Where a promise goes to: 'nowhere', 'forEach', 'map', or 'used'.
function destination(tree, promise) {
  const parent = tree.parent(promise);
  switch (parent.type) {
    case 'ExpressionStatement': return 'nowhere';
    case 'ChainExpression': return destination(tree, parent);
    case 'LogicalExpression': return parent.right === promise ? destination(tree, parent) : 'used';
    case 'ConditionalExpression': return parent.test === promise ? 'used' : destination(tree, parent);
    case 'SequenceExpression':
      return parent.expressions[parent.expressions.length - 1] === promise ? destination(tree, parent) : 'nowhere';
    case 'MemberExpression': {
      const call = tree.parent(parent);
      const settles = parent.object === promise && SETTLING.has(parent.property.name) && call.callee === parent;
      return settles ? destination(tree, call) : 'used';
    }
    case 'VariableDeclarator':
      return parent.id.type === 'Identifier' && tree.binding(parent.id)?.uses === 0 ? 'nowhere' : 'used';
    case 'ArrowFunctionExpression': return parent.body === promise ? givenTo(tree, parent) : 'used';
    case 'ReturnStatement': return givenTo(tree, tree.functionAround(parent));
    default: return 'used';
  }
}

// As callbackOf(); async functions are found as such, whatever they return.
function givenTo(tree, callback) {
  return callback?.async ? 'used' : callbackOf(tree, callback);
}

// What becomes of the promise that a callback gives back.
function callbackOf(tree, callback) {
  const call = callback && tree.parent(callback);
  if (!call || call.type !== 'CallExpression' || call.arguments[0] !== callback) return 'used';
  const method = methodOf(call);
  if (method === 'forEach') return 'forEach';
  if (method !== 'map') return 'used';
  const parent = tree.parent(call);
  const awaitedList = parent.type === 'AwaitExpression' && !isCursor(chainOf(tree, call));
  const lost = parent.type === 'ExpressionStatement' || awaitedList;
  return lost ? 'map' : 'used';
}

const LOST = {
  nowhere: 'is called without await: the migration goes on, and ends, before it is done, and its error is lost',
  forEach: 'gives its promise to forEach, which does not wait for it',
  map: 'gives its promise to map, whose list nobody waits for',
};
const AWAIT = {
  nowhere: 'put `await` in front of it, or return it',
  forEach: 'use a loop: for (const item of list) await …, or for await (const document of cursor)',
  map: 'await Promise.all(list.map(…)), or a loop that awaits each',
};

const isCursor = (chain) => chain.has('find', 'aggregate') && !chain.has('toArray');

const CALLBACKS = new Set(['next', 'callback', 'cb', 'done']);

// Drivers before 5 took a callback instead, which says itself what happens next.
function hasCallback(tree, call) {
  const last = call.arguments[call.arguments.length - 1];
  if (!last || methodOf(call) === 'withTransaction' || methodOf(call) === 'forEach') return false;
  return isFunction(tree.meant(last)) || (last.type === 'Identifier' && CALLBACKS.has(last.name));
}

function lostPromise(tree, exported, node) {
  const method = methodOf(node);
  if ((!PROMISES.has(method) && method !== 'forEach') || hasCallback(tree, node)) return null;
  const chain = chainOf(tree, node);
  if (method === 'forEach' && !(isCursor(chain) && isDriver(tree, exported, chain))) return null;
  if (isBuilder(chain) || (COMMON.has(method) && !isDriver(tree, exported, chain))) return null;
  const where = destination(tree, node);
  if (where === 'used') return null;
  const loop = tree.around(node, (at) => LOOPS.has(at.type), (at) => FUNCTIONS.has(at.type));
  const crowd = loop && where === 'nowhere' ? '; in this loop all of them run at once' : '';
  return { code: 'W008', message: `${method}() ${LOST[where]}${crowd}`, hint: AWAIT[where] };
}

// forEach(async …) and map(async …), whatever they call.
function lostCallback(tree, node) {
  const callback = node.arguments[0];
  if (!isFunction(callback ?? null) || !callback.async) return null;
  const where = callbackOf(tree, callback);
  if (where === 'used') return null;
  const message = `${methodOf(node)}(async …) does not wait for what its function does: ` +
    'the migration ends before the work is done, and errors are lost';
  return { code: 'W008', message, hint: AWAIT[where] };
}

const isConstant = (tree, node) => node !== undefined && literal(tree, node)?.$unknown !== true;
const PAGE = 'go by _id: find({ _id: { $gt: last } }).sort({ _id: 1 }).limit(n), or one cursor with for await';
const PAGED = 'reads and throws away every document before its page, and misses documents when its own ' +
  'writes move them';

function skipPaging(tree, exported, node) {
  if (node.type === 'Property') {
    const stage = keyOf(tree, node, 0) === '$skip';
    return stage ? { code: 'W003', message: `$skip ${PAGED}`, hint: PAGE } : null;
  }
  if (node.type !== 'CallExpression') return null;
  const chain = chainOf(tree, node);
  let amount;
  const finds = methodOf(node) === 'find' && isDriver(tree, exported, chain);
  if (methodOf(node) === 'skip' && chain.has('find', 'aggregate')) [amount] = node.arguments;
  else if (finds) amount = option(tree, node.arguments[1], 'skip');
  if (!amount) return null;
  const looped = tree.around(node, (at) => LOOPS.has(at.type), (at) => FUNCTIONS.has(at.type));
  return looped || !isConstant(tree, amount) ? { code: 'W003', message: `skip ${PAGED}`, hint: PAGE } : null;
}

const SERVER_SCRIPTS = new Set(['$where', '$function', '$accumulator']);

// What to say of it, and instead of it, is said where YAML is looked at.
function serverScript(tree, node) {
  const found = node.type === 'Property' && SERVER_SCRIPTS.has(keyOf(tree, node, 0));
  return found ? { code: 'W011', message: '', hint: '' } : null;
}

function option(tree, node, name) {
  const object = node && tree.meant(node);
  if (object?.type !== 'ObjectExpression') return undefined;
  return object.properties.find(({ key }) => key?.name === name)?.value;
}

const RANGES = ['$gt', '$gte', '$lt', '$lte', '$ne', '$nin', '$exists', '$type'];

function isById(filter) {
  const id = filter?._id;
  return id !== undefined && !RANGES.some((name) => name in Object(id));
}

// find(…).toArray() of as many documents as there are.
function wholeCollection(tree, exported, node) {
  if (methodOf(node) !== 'toArray') return null;
  const chain = chainOf(tree, node);
  const find = chain.calls.find(({ method }) => method === 'find')?.call;
  if (!find || chain.has('limit') || !isDriver(tree, exported, chain)) return null;
  const [filter, options] = find.arguments;
  if (options && (tree.meant(options).type !== 'ObjectExpression' || option(tree, options, 'limit'))) return null;
  if (filter && isById(literal(tree, filter))) return null;
  // `cursor.limit(10)` in a statement of its own.
  const names = new Set(chain.through.map((name) => name.name));
  const limited = tree.nodes.some((one) => methodOf(one) === 'limit' && names.has(unwrapped(one.callee).object.name));
  if (limited) return null;
  return { code: 'W009',
    message: 'find().toArray() without a limit keeps every document of the collection that matches in memory',
    hint: 'go through the cursor: for await (const document of collection.find(…)), or write a document migration' };
}

function findingsOf(tree, exported, place) {
  const findings = [];
  for (const node of tree.nodes) {
    const call = node.type === 'CallExpression';
    if (!call && node.type !== 'Property') continue;
    const found = [skipPaging(tree, exported, node), serverScript(tree, node)];
    if (call) {
      found.push(lostPromise(tree, exported, node), lostCallback(tree, node), wholeCollection(tree, exported, node));
    }
    for (const one of found) {
      if (one) findings.push({ ...one, ...placed(tree, place, node.type === 'Property' ? node.key : node) });
    }
  }
  return findings;
}
