// What a migration exports, as far as its text says it without being run.

// `module.exports = …`, `exports.x = …` and `export`, as a map of names to expressions; `whole` is false
// when something else than these may add to it.
function exportsOf(tree) {
  const found = { names: new Map(), whole: true };
  for (const node of tree.nodes) {
    if (node.type === 'ExportNamedDeclaration') addNamed(tree, node, found);
    else if (node.type === 'ExportAllDeclaration') found.whole = false;
    else if (node.type === 'ExportDefaultDeclaration') addObject(tree, node.declaration, found);
    else if (node.type === 'AssignmentExpression') addAssigned(tree, node, found);
  }
  return found;
}

function addNamed(tree, node, found) {
  const { declaration } = node;
  if (declaration?.id) found.names.set(declaration.id.name, declaration);
  for (const { id, init } of declaration?.declarations ?? []) {
    if (id.type === 'Identifier') found.names.set(id.name, tree.meant(init));
  }
  for (const { local, exported } of node.specifiers) {
    found.names.set(exported.name ?? exported.value, node.source ? null : tree.meant(local));
  }
}

function addObject(tree, expression, found) {
  const object = tree.meant(expression);
  if (object.type !== 'ObjectExpression') {
    found.whole = false;
    return;
  }
  for (const property of object.properties) {
    if (property.type === 'SpreadElement' || property.computed) found.whole = false;
    else found.names.set(keyOf(tree, property, 0), tree.meant(property.value));
  }
}

function isExports(node) {
  if (node.type === 'Identifier') return node.name === 'exports';
  return node.type === 'MemberExpression' && node.object.name === 'module' && node.property.name === 'exports';
}

function addAssigned(tree, node, found) {
  const { left } = node;
  if (isExports(left)) {
    // `exports = module.exports = …` assigns one thing twice.
    if (node.right.type !== 'AssignmentExpression') addObject(tree, node.right, found);
  } else if (left.type === 'MemberExpression' && isExports(left.object)) {
    if (left.computed) found.whole = false;
    else if (left.property.name !== '__esModule') found.names.set(left.property.name, tree.meant(node.right));
  }
}

const isFunction = (node) => node !== null && FUNCTIONS.has(node?.type);

function isEmptyFunction(node) {
  return isFunction(node) && node.body.type === 'BlockStatement' && node.body.body.length === 0;
}

// What a transform returns, where that is written as a literal.
function returnsOf(tree, transform, place) {
  if (!isFunction(transform)) return [];
  const mine = (node) => node.type === 'ReturnStatement' && node.argument && tree.functionAround(node) === transform;
  const returned = transform.body.type === 'BlockStatement'
    ? tree.nodes.filter(mine).map((node) => node.argument)
    : [transform.body];
  const branches = returned.flatMap((node) =>
    (node.type === 'ConditionalExpression' ? [node.consequent, node.alternate] : [node]));
  return branches.map((node) => ({ literal: literal(tree, node), node }))
    .filter((one) => one.literal?.$unknown !== true)
    .map((one) => ({ update: JSON.stringify(one.literal), ...place(one.node) }));
}

function describeModule(tree, exported, place) {
  const { names, whole } = exported;
  const known = (name) => names.has(name);
  const value = (name) => (known(name) ? literal(tree, names.get(name)) : null);
  const at = (name) => place(names.get(name) ?? tree.ast);
  const options = value('options');
  const document = known('transform') || known('transformBatch');
  return { whole, document, up: known('up') || known('migrate'), down: known('down'), revert: known('revert'),
    transaction: value('transaction') === true,
    downIsEmpty: isEmptyFunction(names.get('down')) && !isEmptyFunction(names.get('up')),
    downAt: at('down'), upAt: at(document ? 'options' : 'up'),
    journalIsOff: options?.journal === false || options?.journal === 'off',
    collection: textLiteral(tree, names.get('collection')),
    where: JSON.stringify(value('where') ?? {}), whereAt: at('where'),
    returns: returnsOf(tree, names.get('transform'), place) };
}
