// What a syntax tree says without being run: names and what they stand for, chains of calls, literals.

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);
const LOOPS = new Set(['ForStatement', 'ForInStatement', 'ForOfStatement', 'WhileStatement', 'DoWhileStatement']);
const SCOPES = new Set(['Program', 'BlockStatement', 'CatchClause', ...LOOPS, ...FUNCTIONS]);

const isNode = (value) => value !== null && typeof value === 'object' && typeof value.type === 'string';

function childrenOf(node) {
  return Object.values(node).flat().filter(isNode);
}

class Tree {
  constructor(ast) {
    this.ast = ast;
    this.nodes = [];
    this.parents = new Map();
    this.names = new Map(); // scope -> name -> { init, uses }
    const waiting = [ast];
    while (waiting.length > 0) {
      const node = waiting.pop();
      this.nodes.push(node);
      const children = childrenOf(node);
      for (const child of children) this.parents.set(child, node);
      for (const child of children.reverse()) waiting.push(child);
    }
    for (const node of this.nodes) this.#declare(node);
    for (const node of this.nodes) this.#use(node);
  }

  parent(node) {
    return this.parents.get(node);
  }

  // The nearest node around `node` that `is` wanted, not going beyond one that `stops`.
  around(node, is, stops = () => false) {
    for (let at = this.parent(node); at && !stops(at); at = this.parent(at)) {
      if (is(at)) return at;
    }
    return null;
  }

  #put(scope, name, binding) {
    if (!this.names.has(scope)) this.names.set(scope, new Map());
    this.names.get(scope).set(name, { uses: 0, changed: false, ...binding });
  }

  #declare(node) {
    const scope = this.around(node, (at) => SCOPES.has(at.type)) ?? this.ast;
    if (node.type === 'VariableDeclarator') {
      const init = node.id.type === 'Identifier' ? node.init : null;
      for (const name of patternNames(node.id)) this.#put(scope, name, { init, id: node.id });
    } else if (FUNCTIONS.has(node.type)) {
      const named = node.type === 'FunctionDeclaration' ? scope : node;
      if (node.id) this.#put(named, node.id.name, { init: node, id: node.id });
      node.params.forEach((parameter, i) => {
        for (const name of patternNames(parameter)) this.#put(node, name, { parameter: i, of: node, id: parameter });
      });
    } else if (node.type.startsWith('Import') && node.local) {
      this.#put(this.ast, node.local.name, { id: node.local });
    }
  }

  #use(node) {
    if (node.type !== 'Identifier') return;
    const parent = this.parent(node);
    const isKey = (parent.type === 'MemberExpression' && parent.property === node && !parent.computed) ||
      (parent.type === 'Property' && parent.key === node && !parent.computed && !parent.shorthand);
    const binding = isKey ? null : this.binding(node);
    if (!binding || binding.id === node) return;
    binding.uses += 1;
    if (parent.type === 'AssignmentExpression' && parent.left === node) binding.changed = true;
  }

  // What a name was declared as; null when the file does not say.
  binding(identifier) {
    for (let at = identifier; at; at = this.parent(at)) {
      const found = this.names.get(at)?.get(identifier.name);
      if (found) return found;
    }
    return null;
  }

  // The expression that a name stands for, or the node itself.
  meant(node, depth = 0) {
    if (node?.type !== 'Identifier' || depth > 8) return node;
    const binding = this.binding(node);
    return binding?.init && !binding.changed ? this.meant(binding.init, depth + 1) : node;
  }

  functionAround(node) {
    return this.around(node, (at) => FUNCTIONS.has(at.type));
  }

  // The start of the statement that it is part of.
  statement(node) {
    const whole = /Statement$|Declaration$/;
    return this.around(node, (at) => whole.test(at.type) && at.type !== 'BlockStatement') ?? node;
  }
}

function patternNames(pattern) {
  if (!pattern) return [];
  if (pattern.type === 'Identifier') return [pattern.name];
  if (pattern.type === 'AssignmentPattern') return patternNames(pattern.left);
  if (pattern.type === 'RestElement') return patternNames(pattern.argument);
  if (pattern.type === 'Property') return patternNames(pattern.value);
  return [...pattern.elements ?? [], ...pattern.properties ?? []].flatMap(patternNames);
}

const WRAPPERS = { ChainExpression: 'expression', AwaitExpression: 'argument', ParenthesizedExpression: 'expression' };

function unwrapped(node) {
  return WRAPPERS[node?.type] ? unwrapped(node[WRAPPERS[node.type]]) : node;
}

function methodOf(call) {
  const callee = call.type === 'CallExpression' ? unwrapped(call.callee) : null;
  if (callee?.type !== 'MemberExpression') return null;
  if (!callee.computed) return callee.property.name ?? null;
  return typeof callee.property.value === 'string' ? callee.property.value : null;
}

// The calls of `db.collection('x').find(…).limit(…)`, last first, through names that stand for a part of it;
// `root` is what it starts with, `through` the names.
function chainOf(tree, call) {
  const chain = { calls: [], root: null, through: [] };
  let at = call;
  for (let steps = 0; at && steps < 100; steps += 1) {
    at = unwrapped(at);
    if (at.type === 'CallExpression' && methodOf(at)) {
      chain.calls.push({ method: methodOf(at), call: at });
      at = unwrapped(at.callee).object;
    } else if (at.type === 'Identifier' && tree.meant(at) !== at) {
      chain.through.push(at);
      at = tree.meant(at);
    } else break;
  }
  chain.root = at;
  chain.has = (...names) => chain.calls.some(({ method }) => names.includes(method));
  return chain;
}

const UNKNOWN = { $unknown: true };
const INT32 = 2 ** 31;

function numberLiteral(value) {
  return Number.isInteger(value) && value >= -INT32 && value < INT32 ? { $numberInt: String(value) }
    : { $numberDouble: String(value) };
}

function plainLiteral(node) {
  if (node.regex) {
    const { pattern, flags } = node.regex;
    return { $regularExpression: { pattern, options: flags.replace(/[^ims]/g, '') } };
  }
  if (node.bigint) return { $numberLong: node.bigint };
  return typeof node.value === 'number' ? numberLiteral(node.value) : node.value;
}

function constructed(tree, node, depth) {
  const argument = literal(tree, node.arguments[0], depth + 1);
  const name = node.callee.name ?? node.callee.property?.name;
  if (name === 'ObjectId' && /^[0-9a-f]{24}$/i.test(argument)) return { $oid: argument };
  const time = name === 'Date' && typeof argument === 'string' ? Date.parse(argument) : NaN;
  return Number.isNaN(time) ? UNKNOWN : { $date: { $numberLong: String(time) } };
}

function keyOf(tree, property, depth) {
  if (!property.computed) return String(property.key.name ?? property.key.value);
  const name = literal(tree, property.key, depth + 1);
  return typeof name === 'string' ? name : '?';
}

function objectLiteral(tree, node, depth) {
  const made = Object.create(null);
  for (const property of node.properties) {
    if (property.type === 'SpreadElement') {
      const spread = literal(tree, property.argument, depth + 1);
      Object.assign(made, spread === UNKNOWN ? { '?': UNKNOWN } : spread);
    } else {
      const value = property.kind === 'init' ? literal(tree, property.value, depth + 1) : UNKNOWN;
      made[keyOf(tree, property, depth)] = value;
    }
  }
  return made;
}

// A literal as canonical Extended JSON; `{$unknown: true}` stands for what only running it would tell, the
// name '?' for a name that is computed.
function literal(tree, node, depth = 0) {
  node = tree.meant(unwrapped(node));
  if (!node || depth > 100) return UNKNOWN;
  switch (node.type) {
    case 'Literal': return plainLiteral(node);
    case 'TemplateLiteral': return node.expressions.length > 0 ? UNKNOWN : node.quasis[0].value.cooked;
    case 'ObjectExpression': return objectLiteral(tree, node, depth);
    case 'ArrayExpression': return node.elements.map((item) => (item ? literal(tree, item, depth + 1) : UNKNOWN));
    case 'NewExpression': case 'CallExpression': return constructed(tree, node, depth);
    case 'UnaryExpression': {
      const value = node.operator === '-' ? literal(tree, node.argument, depth + 1) : UNKNOWN;
      const number = value?.$numberInt ?? value?.$numberDouble;
      return number === undefined ? UNKNOWN : numberLiteral(-number);
    }
    default: return UNKNOWN;
  }
}

function textLiteral(tree, node) {
  const text = node ? literal(tree, node) : '';
  return typeof text === 'string' ? text : '';
}

// The name of the collection that a chain works on; '' when the file does not say.
function collectionOf(tree, chain) {
  const found = chain.calls.find(({ method }) => method === 'collection');
  return textLiteral(tree, found?.call.arguments[0]);
}
