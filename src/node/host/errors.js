// Errors of the user's code, made into plain values.

// Lines that are known of errors whose stack does not say them.
const places = new WeakMap();

function firstMatch(lines, file) {
  const inFile = lines.find((line) => line.includes(file));
  const place = inFile && /:(\d+)(?::\d+)?\)?$/.exec(inFile.trim());
  return place ? Number(place[1]) : 0;
}

// A SyntaxError's stack starts with "path:line"; any other names the file in one of its frames.
function lineIn(file, stack) {
  return file ? firstMatch(String(stack).split('\n'), file) : 0;
}

// A TypeScript loader that runs in a thread of its own throws what is no Error any more.
function messageOf(error) {
  if (error === null || typeof error !== 'object') return String(error);
  return String(error.message ?? error.diagnosticText);
}

function plainError(error, file) {
  const known = error !== null && typeof error === 'object';
  const described = {
    name: known ? String(error.name ?? 'Error') : typeof error,
    message: messageOf(error),
    thrown: known ? 'error' : error === undefined ? 'undefined' : typeof error,
    stack: known ? String(error.stack) : '',
    line: 0,
  };
  described.line = lineIn(file, described.stack) || (known && places.get(error)) || 0;
  if (known && Array.isArray(error.errorLabels)) described.labels = error.errorLabels.map(String);
  if (known && error.code !== undefined) described.code = String(error.code);
  if (known && error.errInfo !== undefined) described.details = JSON.stringify(error.errInfo);
  return described;
}
