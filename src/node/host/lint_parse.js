// Migrations as syntax trees, with places in the user's own files. Nothing of a file is run.

// The parser inside Node itself (node --expose-internals), or the project's own.
function findAcorn() {
  try {
    return require('internal/deps/acorn/acorn/dist/acorn');
  } catch {
    return resolvable('acorn') ? projectRequire('acorn') : null;
  }
}

class NotParsed extends Error {}

class SyntaxProblem extends Error {
  constructor(message, line, column) {
    super(message);
    this.place = { line, column };
  }
}

const MODULES_ONLY = new Set(['.mjs', '.mts']);
const SCRIPTS_ONLY = new Set(['.cjs', '.cts']);
const IS_MODULE = /'import' and 'export' may appear only|Cannot use 'import\.meta' outside/;

// A .js file may be either: both are tried, and the error of the likelier one is told.
function sourceTypes(file) {
  if (MODULES_ONLY.has(path.extname(file))) return ['module'];
  return SCRIPTS_ONLY.has(path.extname(file)) ? ['script'] : ['module', 'script'];
}

function parseJavascript(text, file) {
  const acorn = findAcorn();
  if (!acorn) {
    throw new NotParsed('this Node has no JavaScript parser inside; npm install --save-dev acorn');
  }
  const failures = [];
  for (const sourceType of sourceTypes(file)) {
    const comments = [];
    try {
      const ast = acorn.parse(text, { ecmaVersion: 'latest', sourceType, locations: true, allowHashBang: true,
        allowReturnOutsideFunction: sourceType === 'script', onComment: comments });
      return { ast, comments };
    } catch (error) {
      if (!error.loc) throw error;
      failures.push(error);
    }
  }
  const last = failures[failures.length - 1];
  const error = IS_MODULE.test(last.message) ? failures[0] : last;
  throw new SyntaxProblem(error.message.replace(/ \(\d+:\d+\)$/, ''), error.loc.line, error.loc.column + 1);
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function numbersOf(segment) {
  const numbers = [];
  for (let at = 0; at < segment.length;) {
    let value = 0;
    let digit;
    let shift = 0;
    do {
      digit = DIGITS.indexOf(segment[at++]);
      value += (digit & 31) * 2 ** shift;
      shift += 5;
    } while (digit & 32);
    numbers.push(value % 2 ? -Math.floor(value / 2) : value / 2);
  }
  return numbers;
}

// A source map of one file, as a function from a place in what was made to one in what was written.
function placesOf(mappings) {
  let line = 0;
  let column = 0;
  const lines = mappings.split(';').map((made) => {
    let at = 0;
    return made.split(',').filter(Boolean).map((segment) => {
      const [step, , lines = 0, columns = 0] = numbersOf(segment);
      at += step;
      line += lines;
      column += columns;
      return { at, line: line + 1, column: column + 1 };
    });
  });
  return (place) => {
    const before = (lines[place.line - 1] ?? []).filter((segment) => segment.at <= place.column);
    return before[before.length - 1] ?? lines[place.line - 1]?.[0] ?? { line: place.line, column: place.column + 1 };
  };
}

// Every comment, by the tokens that it stands between.
function typescriptComments(ts, source) {
  const found = new Map();
  const visit = (node) => {
    const ranges = [...ts.getLeadingCommentRanges(source.text, node.pos) ?? [],
      ...ts.getTrailingCommentRanges(source.text, node.end) ?? []];
    for (const range of ranges) found.set(range.pos, range);
    for (const child of node.getChildren(source)) visit(child);
  };
  visit(source);
  return [...found.values()].sort((a, b) => a.pos - b.pos);
}

function plainComment(text, start, end, place) {
  const opening = text.slice(start, start + 2) === '/*';
  const value = text.slice(start + 2, opening ? end - 2 : end);
  return { value, loc: { start: place(start), end: place(end) } };
}

// Newer JavaScript than this Node's parser knows is nothing that its author did wrong.
function parseMade(text) {
  try {
    return parseJavascript(text, 'typescript.js').ast;
  } catch (error) {
    throw new NotParsed(`this Node's parser does not know what TypeScript made of it: ${error.message}`);
  }
}

// By the project's TypeScript: the types go, the rest is JavaScript with a source map.
function parseByTypescript(ts, text, file) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, false);
  const place = (at) => {
    const { line, character } = ts.getLineAndCharacterOfPosition(source, at);
    return { line: line + 1, column: character };
  };
  const made = ts.transpileModule(text, { fileName: file, reportDiagnostics: true,
    compilerOptions: { target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.Preserve ?? ts.ModuleKind.ESNext,
      sourceMap: true, experimentalDecorators: true } });
  const wrong = made.diagnostics?.find((one) => one.file && one.start !== undefined);
  if (wrong) {
    const at = place(wrong.start);
    throw new SyntaxProblem(ts.flattenDiagnosticMessageText(wrong.messageText, ' '), at.line, at.column + 1);
  }
  const comments = typescriptComments(ts, source).map(({ pos, end }) => plainComment(text, pos, end, place));
  const first = source.statements[0];
  return { ast: parseMade(made.outputText), comments,
    place: placesOf(JSON.parse(made.sourceMapText).mappings), first: first && place(first.getStart(source)).line };
}

// By Node itself, which knows only types that can be left out; places stay what they are.
function parseByNode(text, file) {
  let stripped;
  try {
    stripped = Module.stripTypeScriptTypes(text, { mode: 'strip' });
  } catch (error) {
    if (error.code !== 'ERR_INVALID_TYPESCRIPT_SYNTAX') {
      throw new NotParsed(`${error.message}; npm install --save-dev typescript`);
    }
    const line = /^(?:[^\n]*:)?(\d+)\n/.exec(String(error.stack));
    throw new SyntaxProblem(error.message.split('\n')[0], line ? Number(line[1]) : 0, 0);
  }
  return parseJavascript(stripped, file);
}

function parseTypescript(text, file) {
  const ts = resolvable('typescript') ? projectRequire('typescript') : null;
  if (ts?.transpileModule) return parseByTypescript(ts, text, file);
  if (Module.stripTypeScriptTypes) return parseByNode(text, file);
  throw new NotParsed(`it is TypeScript, which Node ${process.version} cannot read by itself; ` +
    'npm install --save-dev typescript, or use Node 22.18 or later');
}

// The tree, its comments, and `place`: from a node's start to line and column, both from 1.
function parseFile(file) {
  const text = fs.readFileSync(file, 'utf8');
  const parsed = TYPESCRIPT.has(path.extname(file)) ? parseTypescript(text, file) : parseJavascript(text, file);
  const place = parsed.place ?? (({ line, column }) => ({ line, column: column + 1 }));
  const first = parsed.first ?? parsed.ast.body[0]?.loc.start.line ?? Infinity;
  const lines = text.split(/\r\n|[\n\r\u2028\u2029]/);
  const comments = parsed.comments.map(({ value, loc }) => ({ text: value, line: loc.start.line,
    end: loc.end.line, column: loc.start.column + 1, top: loc.end.line < first,
    alone: lines[loc.start.line - 1].slice(0, loc.start.column).trim() === '' }));
  return { ast: parsed.ast, comments, place };
}
