// What a transform returned, and what is to be done about it.

// The numbers are part of the protocol (src/node/transform.h).
const LEAVE = 0;
const OPERATORS = 1;
const PIPELINE = 2;
const FIELDS = 3;
const FAILED = 4;

const ALLOWED =
  'return update operators, a pipeline, a whole document, or null to leave the document as it is';

function refuse(what) {
  throw new TypeError(`transform returned ${what}; ${ALLOWED}`);
}

function asPlain(value) {
  // Documents of mongoose and the like say themselves what they are in the database.
  if (typeof value.toBSON === 'function') return value.toBSON();
  return value;
}

function checkPipeline(stages) {
  for (const stage of stages) {
    const keys = isPlain(stage) ? Object.keys(stage) : [];
    if (keys.length !== 1 || !keys[0].startsWith('$')) {
      refuse('an array that is no pipeline (each stage is an object with one $key)');
    }
  }
}

// A document may have fields with a dollar; a new one beside others is more likely an operator astray.
function checkDollars(names, bytes) {
  const old = elementsOf(bytes);
  const astray = names.some((name) => name.startsWith('$') && !old.has(name));
  if (astray) refuse('update operators and fields side by side');
}

function describe(value) {
  if (value instanceof Date) return 'a Date';
  if (typeof value !== 'object') return `a ${typeof value}`;
  return `an instance of ${value.constructor?.name ?? 'a class'}`;
}

// The kind of a result with its bytes. `bytes` is the document as it was read.
function interpret(result, bytes) {
  if (result === null || result === undefined) return { kind: LEAVE };
  if (typeof result !== 'object') refuse(describe(result));
  if (Array.isArray(result)) {
    checkPipeline(result);
    return result.length > 0 ? { kind: PIPELINE, bytes: serializeWhole({ p: result }) } : { kind: LEAVE };
  }
  const value = asPlain(result);
  if (!isPlain(value)) refuse(describe(value));
  const names = Object.keys(value);
  if (names.length === 0) refuse('an empty object');
  const operators = names.filter((name) => name.startsWith('$')).length;
  if (operators === names.length) return { kind: OPERATORS, bytes: serializeWhole(value) };
  if (operators > 0) checkDollars(names, bytes);
  const changed = differences(bytes, value);
  return changed ? { kind: FIELDS, bytes: changed } : { kind: LEAVE };
}
