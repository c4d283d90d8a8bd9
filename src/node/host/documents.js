// BSON bytes beside the JavaScript values made from them: what a transform did not touch keeps its
// bytes, for numbers, dates and the like lose their exact type on the way through JavaScript.

const { isDeepStrictEqual } = require('util');

// Long values beyond 2^53 stay Long; binary data keeps its subtype.
const READING = { promoteBuffers: false, promoteLongs: true, promoteValues: true };

function split(bytes) {
  const documents = [];
  for (let at = 0; at < bytes.length;) {
    const size = bytes.readInt32LE(at);
    documents.push(bytes.subarray(at, at + size));
    at += size;
  }
  return documents;
}

// The same memory: `serialize` gives a Buffer or, from some versions on, a Uint8Array.
function asBuffer(bytes) {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function serializeWhole(value) {
  return asBuffer(bson().serialize(value, { ignoreUndefined: false }));
}

// For documents with what JavaScript has no value for: expressions that it cannot compile come as
// BSONRegExp, and text that is no UTF-8 with replacement characters.
const READING_ANYTHING = { ...READING, bsonRegExp: true, validation: { utf8: false } };

function parse(bytes) {
  try {
    return bson().deserialize(bytes, READING);
  } catch {
    return bson().deserialize(bytes, READING_ANYTHING);
  }
}

const FIXED = { 0x01: 8, 0x06: 0, 0x07: 12, 0x08: 1, 0x09: 8, 0x0a: 0, 0x10: 4, 0x11: 8, 0x12: 8,
  0x13: 16, 0x7f: 0, 0xff: 0 };

function valueSize(bytes, type, at) {
  if (FIXED[type] !== undefined) return FIXED[type];
  switch (type) {
    case 0x02: case 0x0d: case 0x0e: return 4 + bytes.readInt32LE(at);
    case 0x03: case 0x04: case 0x0f: return bytes.readInt32LE(at);
    case 0x05: return 5 + bytes.readInt32LE(at);
    case 0x0c: return 4 + bytes.readInt32LE(at) + 12;
    case 0x0b: {
      const options = bytes.indexOf(0, at) + 1;
      return bytes.indexOf(0, options) + 1 - at;
    }
    default: throw new Error(`unknown BSON type ${type}`);
  }
}

// The elements of a document by name: each with its type, its whole bytes, and those of its value.
function elementsOf(bytes) {
  const elements = new Map();
  for (let at = 4; bytes[at] !== 0;) {
    const nameEnd = bytes.indexOf(0, at + 1);
    const name = bytes.toString('utf8', at + 1, nameEnd);
    const end = nameEnd + 1 + valueSize(bytes, bytes[at], nameEnd + 1);
    if (elements.has(name)) throw new Error(`the document has two fields '${name}'`);
    elements.set(name, { type: bytes[at], whole: bytes.subarray(at, end),
      value: bytes.subarray(nameEnd + 1, end) });
    at = end;
  }
  return elements;
}

// A document may have a field `_bsontype` of its own; the driver's classes have it from their prototypes.
function isPlain(value) {
  if (value === null || typeof value !== 'object') return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function sameBytes(a, b) {
  const { serialize } = bson();
  try {
    return Buffer.compare(serialize({ v: a }), serialize({ v: b })) === 0;
  } catch {
    // Newer versions read vectors that they refuse to write.
    return isDeepStrictEqual(a, b);
  }
}

// Whether `b` is still what `a` was when it was read.
function same(a, b) {
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) {
    return typeof a === typeof b && Object.is(a, b);
  }
  if (a instanceof Date) return b instanceof Date && Object.is(a.getTime(), b.getTime());
  if (a instanceof RegExp) return b instanceof RegExp && String(a) === String(b);
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => same(item, b[i]));
  }
  if (!isPlain(a)) return Boolean(a._bsontype) && a._bsontype === b._bsontype && sameBytes(a, b);
  if (!isPlain(b)) return false;
  const names = Object.keys(a);
  const others = Object.keys(b);
  return names.length === others.length &&
    names.every((name, i) => name === others[i] && same(a[name], b[name]));
}

function wrap(parts) {
  const size = parts.reduce((sum, part) => sum + part.length, 5);
  const head = Buffer.alloc(4);
  head.writeInt32LE(size);
  return Buffer.concat([head, ...parts, Buffer.alloc(1)], size);
}

function element(type, name, value) {
  return Buffer.concat([Buffer.from([type]), Buffer.from(`${name}\0`), value]);
}

function serialized(name, value) {
  const bytes = serializeWhole({ [name]: value });
  return bytes.subarray(4, bytes.length - 1);
}

const DOCUMENT = 0x03;
const ARRAY = 0x04;
const UNDEFINED = 0x06;

// A field of the BSON type undefined is read as one that is there with the value undefined.
function has(value, name, was) {
  return Object.hasOwn(value, name) && (value[name] !== undefined || was?.type === UNDEFINED);
}

// The element `name` with `value`, in which everything that is still as it was read keeps its bytes.
function spliced(name, was, before, value) {
  if (was && same(before, value)) return was.whole;
  if (was?.type === DOCUMENT && isPlain(value)) {
    return element(DOCUMENT, name, splicedDocument(was.value, before, value));
  }
  if (was?.type === ARRAY && Array.isArray(value)) {
    const old = elementsOf(was.value);
    const items = value.map((item, i) => spliced(String(i), old.get(String(i)), before[i], item));
    return element(ARRAY, name, wrap(items));
  }
  return serialized(name, value);
}

// Fields that were there keep their order; new ones follow in theirs.
function splicedDocument(bytes, before, value) {
  const old = elementsOf(bytes);
  const kept = [...old.keys()].filter((name) => has(value, name, old.get(name)));
  const added = Object.keys(value).filter((name) => !old.has(name) && value[name] !== undefined);
  return wrap([...kept, ...added].map((name) => spliced(name, old.get(name), before[name], value[name])));
}

// A returned document, reduced to the fields that differ from the one that was read: the operators
// $set and $unset as BSON, or null when nothing differs.
function differences(bytes, value) {
  const before = parse(bytes);
  const old = elementsOf(bytes);
  if (Object.hasOwn(value, '_id') && !same(before._id, value._id)) {
    throw new TypeError('transform returned a document with another _id; an _id cannot be changed');
  }
  const set = [];
  for (const name of Object.keys(value)) {
    const was = old.get(name);
    if (name === '_id' || !has(value, name, was)) continue;
    if (!was || !same(before[name], value[name])) set.push(spliced(name, was, before[name], value[name]));
  }
  const gone = [...old.keys()].filter((name) => name !== '_id' && !has(value, name, old.get(name)));
  const unset = gone.map((name) => serialized(name, ''));
  const operators = [];
  if (set.length > 0) operators.push(element(DOCUMENT, '$set', wrap(set)));
  if (unset.length > 0) operators.push(element(DOCUMENT, '$unset', wrap(unset)));
  return operators.length > 0 ? wrap(operators) : null;
}
