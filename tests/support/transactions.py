"""Scripts with `transaction: true`, and what is seen of them from outside."""
import os
import pathlib

from support.javascript import js_project
from support.testcase import ServerTest, wait_until

FLAG = "20240101000001-script.js"
# Waits for the file `go` of the project.
WAIT = "await (async () => { while (!require('fs').existsSync('go')) await new Promise((r) => setTimeout(r, 5)); })();"
TELL = "require('fs').appendFileSync('calls', 'x');"

# Of every kind that takes part in a transaction.
OPERATIONS = """
    const a = db.collection('a');
    await a.insertOne({ _id: 1, n: 1 });
    await a.insertMany([{ _id: 2, n: 2 }, { _id: 3, n: 3 }, { _id: 4, n: 4 }, { _id: 5, n: 5 }]);
    await a.bulkWrite([{ insertOne: { document: { _id: 6 } } },
      { updateOne: { filter: { _id: 1 }, update: { $set: { b: 1 } } } }]);
    await a.updateOne({ _id: 1 }, { $inc: { n: 10 } });
    await a.updateMany({ _id: { $lt: 3 } }, { $set: { many: true } });
    await a.replaceOne({ _id: 3 }, { replaced: true });
    await a.deleteOne({ _id: 4 });
    await a.deleteMany({ _id: 5 });
    await a.findOneAndUpdate({ _id: 2 }, { $set: { f: 1 } });
    await a.findOneAndReplace({ _id: 6 }, { f: 2 });
    await a.insertOne({ _id: 7 });
    await a.findOneAndDelete({ _id: 7 });
    const bulk = a.initializeOrderedBulkOp();
    bulk.insert({ _id: 8 });
    await bulk.execute();
    const unordered = a.initializeUnorderedBulkOp();
    unordered.find({ _id: 8 }).updateOne({ $set: { u: 1 } });
    await unordered.execute();
    await db.command({ insert: 'a', documents: [{ _id: 9 }] });
    await client.db(db.databaseName).collection('b').insertOne({ _id: 1 });
    await (db.client ?? client).db(db.databaseName).collection('b').insertOne({ _id: 2 });
    const made = await db.createCollection('c');
    await made.insertOne({ _id: 1 });
    await a.aggregate([{ $match: { _id: 1 } }, { $set: { seen: true } }]).forEach(async () => {});
    const seen = [await a.countDocuments(), await a.countDocuments({ _id: 1 }), (await a.distinct('_id')).length,
      (await a.find().toArray()).length, (await a.find({}).sort({ _id: 1 }).batchSize(2).toArray()).length,
      (await a.aggregate([{ $sort: { _id: 1 } }], { cursor: { batchSize: 2 } }).toArray()).length,
      (await a.findOne({ _id: 1 })).n, (await a.find().clone().toArray()).length];
    let counted = 0;
    for await (const one of a.find()) counted += one ? 1 : 0;
    await db.collection('seen').insertOne({ _id: 1, seen, counted });
"""


def transactional(project, up="", down="", name=FLAG, before="", extra=""):
    """Writes a script with these bodies that is one transaction; returns the file's name."""
    return project.script(name, text=(
        f"{before}\nmodule.exports = {{\n  transaction: true,{extra}\n  async up(db, client) {{\n{up}\n  }},\n"
        f"  async down(db, client) {{\n{down}\n  }},\n}};\n"))


def host_of(running):
    """The pid of the Node host of a running whimbrel, or None."""
    try:
        pid = running.process.pid
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return None
    return int(children[0]) if children else None


class TransactionTest(ServerTest):
    def js(self, driver=6, topology="replicaset", uri=None):
        project = js_project(self, topology, driver)
        if uri:
            project.uri = uri
            project.js_config()
        return project

    def calls(self, project):
        """How often TELL was passed."""
        path = project.root / "calls"
        return len(path.read_text()) if path.exists() else 0

    def called(self, project, times=1):
        wait_until(lambda: self.calls(project) >= times, "the script is called", 60)

    def go(self, project):
        (project.root / "go").touch()

    def assertNothingHappened(self, project, *collections):
        for name in collections:
            self.assertEqual(0, project.db[name].count_documents({}), name)
        self.assertEqual([], project.changelog())
        self.assertEqual(0, project.db.whimbrel_runs.count_documents({"state": "done"}))

    def transactions_on(self, project, collection):
        """The namespaces, in order, of each transaction in the oplog that wrote to this collection."""
        name = f"{project.db.name}.{collection}"
        entries = project.db.client.local["oplog.rs"].find({"o.applyOps.ns": name})
        return [[op["ns"].removeprefix(f"{project.db.name}.") for op in entry["o"]["applyOps"]
                 if not op["ns"].endswith("$cmd")] for entry in entries]


__all__ = ["FLAG", "TELL", "WAIT", "TransactionTest", "host_of", "os", "transactional"]
