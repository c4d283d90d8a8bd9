// Answers calls about the text of migrations; the text is read, never run.

function readText({ file }) {
  let parsed;
  try {
    parsed = parseFile(file);
  } catch (error) {
    if (error instanceof SyntaxProblem) return { syntax: { message: error.message, ...error.place } };
    return { unread: error instanceof NotParsed ? error.message : `it could not be read: ${error.message}` };
  }
  const tree = new Tree(parsed.ast);
  const exported = exportsOf(tree);
  const { place } = parsed;
  return { comments: parsed.comments, module: describeModule(tree, exported, (node) => placed(tree, place, node)),
    calls: driverCalls(tree, exported, place), findings: findingsOf(tree, exported, place) };
}

send(EVENT, { event: 'hello', protocol: 1, node: process.version });
for (let frame = readFrameNow(); frame; frame = readFrameNow()) {
  let reply;
  try {
    reply = { ok: true, ...readText(frame.head) };
  } catch (error) {
    reply = { ok: false, error: plainError(error, frame.head.file) };
  }
  send(frame.call, reply);
}
process.exit(0);
