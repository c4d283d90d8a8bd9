"""`lint` of scripts and document migrations in JavaScript and TypeScript, told from their text."""
import os
import pathlib

from support.lint import SCRIPT, Linting, shown
from support.scripts import NODE_MODULES, ScriptTest
from support.testcase import on, on_either


class LintScriptTest(Linting, ScriptTest):
    @on_either
    def test_an_update_that_adds_again_is_an_error_unless_its_filter_excludes_finished_documents(self, project):
        for update in ("{ $inc: { n: 1 } }", "{ $mul: { n: 2 } }", "{ $push: { l: 1 } }",
                       "[{ $set: { n: { $add: ['$n', 1] } } }]"):
            with self.subTest(update=update):
                self.assertEqual([("W001", "error", 3)], self.of_script(
                    project, f"await db.collection('things').updateMany({{ kind: 1 }}, {update});"))
        for filter, update in (("{ done: { $ne: true } }", "{ $inc: { n: 1 }, $set: { done: true } }"),
                               ("{ n: 5 }", "{ $inc: { n: 1 } }"), ("{ kind: 1 }", "{ $set: { n: 1 } }"),
                               ("{ kind: 1 }", "{ $addToSet: { l: { $each: [1] } } }"),
                               ("filterOf(client)", "{ $inc: { n: 1 } }"),
                               ("{ kind: 1 }", "[{ $set: { n: { $toLower: '$n' } } }]")):
            with self.subTest(filter=filter, update=update):
                self.assertEqual([], self.of_script(
                    project, f"await db.collection('things').updateMany({filter}, {update});"))

    @on("standalone")
    def test_entries_of_a_bulk_write_are_writes(self, project):
        self.assertEqual([("W001", "error", 5), ("W002", "error", 6)], self.of_script(project, """
    await db.collection('things').bulkWrite([
      { updateOne: { filter: { _id: 1 }, update: { $inc: { n: 1 } } } },
      { deleteMany: { filter: {} } },
      { updateOne: { filter: { _id: 1 }, update: { $set: { n: 1 } } } },
    ]);"""))

    @on("standalone")
    def test_names_stand_for_what_they_were_declared_as(self, project):
        self.assertEqual([("W001", "error", 7), ("W002", "warning", 7)], self.of_script(project, """
    const things = db.collection('things');
    const all = {};
    const change = { $inc: { n: 1 } };
    await things.updateMany(all, change);"""))

    @on_either
    def test_a_write_without_a_filter_is_found(self, project):
        self.assertEqual([("W002", "error", 3)], self.of_script(
            project, "await db.collection('things').deleteMany({});"))
        self.assertEqual([("W002", "error", 3)], self.of_script(
            project, "await db.collection('things').deleteMany();"))
        self.assertEqual([("W002", "warning", 3)], self.of_script(
            project, "await db.collection('things').updateMany({}, { $set: { a: 1 } });"))
        self.assertEqual([], self.of_script(project, "await db.collection('things').deleteMany({ a: 1 });"))
        self.assertEqual([], self.of_script(project, "await db.collection('things').deleteMany(client.filter);"))

    @on_either
    def test_paging_with_skip_is_found(self, project):
        loop = "for (let i = 0; i < 9; i++) await db.collection('things').find().skip(%s).limit(9).toArray();"
        self.assertEqual([("W003", "warning", 3)], self.of_script(project, loop % "i * 9"))
        self.assertEqual([("W003", "warning", 3)], self.of_script(
            project, "const n = client.page; const c = db.collection('x').find({}, { skip: n, limit: 1 }); void c;"))
        self.assertEqual([("W003", "warning", 3)], self.of_script(
            project, "await db.collection('things').aggregate([{ $skip: 9 }]).toArray();"))
        self.assertEqual([], self.of_script(
            project, "await db.collection('things').find().sort({ a: 1 }).skip(1).limit(1).toArray();"))
        self.assertEqual([], self.of_script(project, "for (const x of [1]) client.skip(x);"))

    @on_either
    def test_a_script_without_a_way_back_is_found(self, project):
        up = "async up(db) { await db.collection('things').insertOne({ a: 1 }); }"
        for text, line in (("module.exports = {\n  %s,\n};\n" % up, 2),
                           ("exports.up = async (db) => { await db.collection('x').insertOne({}); };\n", 1),
                           ("module.exports = { %s,\n  async down() {},\n};\n" % up, 2)):
            with self.subTest(text=text):
                self.assertEqual([("W004", "warning", line)], self.of_script(project, "", text=text))
        self.assertEqual([("W004", "warning", 1)], self.of_script(
            project, "", extension="mjs", text="export const up = async (db) => { await db.createCollection(''); };\n"))
        self.assertEqual([], self.of_script(project, "", text="export const up = async () => {};\n"
                                            "export async function down(db) { await db.createCollection('x'); }\n"))
        self.assertEqual([], self.of_script(project, "await 1;"))

    @on("standalone")
    def test_exports_that_are_made_elsewhere_are_a_note(self, project):
        name = self.script(project, "", text="module.exports = require('./made')('x');\n")
        report = self.lint(project, name, rc=0)
        self.assertEqual([], report["findings"])
        self.assertIn("W004 was not asked", " ".join(report["notes"]))

    @on_either
    def test_a_drop_is_found_unless_the_file_makes_the_collection(self, project):
        for call in ("db.collection('things').drop()", "db.dropCollection('things')", "db.dropDatabase()",
                     "db.command({ drop: 'things' })"):
            with self.subTest(call=call):
                self.assertEqual([("W007", "error", 3)], self.of_script(project, f"await {call};"))
        self.assertEqual([], self.of_script(project, "await db.createCollection('t'); await db.dropCollection('t');"))
        self.assertEqual([], self.of_script(project, "client.basket.drop();"))
        self.assertEqual([], self.of_script(project, "", text="module.exports = {\n"
                                            "  async up(db) { await db.createCollection('t'); },\n"
                                            "  async down(db) { await db.collection('t').drop(); } };\n"))

    @on_either
    def test_a_promise_that_nobody_waits_for_is_an_error(self, project):
        for line in ("db.collection('things').insertOne({ a: 1 });",
                     "for (const d of client.list) db.collection('things').deleteOne({ _id: d });",
                     "client.list.forEach(async (d) => { await db.collection('things').deleteOne({ _id: d }); });",
                     "client.list.forEach((d) => db.collection('things').deleteOne({ _id: d }));",
                     "await client.list.map(async (d) => db.collection('things').deleteOne({ _id: d }));",
                     "await db.collection('things').find().forEach(async (d) => { await d.save(); });",
                     "db.collection('things').find().forEach((d) => console.log(d));",
                     "const lost = db.collection('things').createIndex({ a: 1 });",
                     "db.collection('things').insertOne({}).then(() => client.done());",
                     "client.ok && db.createCollection('x');"):
            with self.subTest(line=line):
                self.assertEqual([("W008", "error", 3)], self.of_script(project, line))
        for line in ("await db.collection('things').insertOne({ a: 1 });", "client.list.forEach((d) => d.x());",
                     "await db.collection('things').find().forEach((d) => console.log(d));",
                     "return db.collection('things').insertOne({ a: 1 });",
                     "await Promise.all(client.list.map(async (d) => db.collection('things').deleteOne({ _id: d })));",
                     "const p = []; for (const d of client.list) p.push(db.collection('x').deleteOne({ _id: d }));",
                     "const kept = db.collection('things').insertOne({ a: 1 }); await kept;",
                     "const b = db.collection('x').initializeOrderedBulkOp(); b.find({}).update({ $set: { a: 1 } });",
                     "await new Promise((ok) => { db.collection('things').insertOne({ a: 1 }, () => ok()); });",
                     "void db.collection('things').insertOne({ a: 1 });", "client.basket.drop(); client.l.update(1);"):
            with self.subTest(line=line):
                self.assertEqual([], self.of_script(project, line))

    @on_either
    def test_a_whole_collection_in_memory_is_found(self, project):
        for line in ("const all = await db.collection('things').find({ a: 1 }).sort({ a: 1 }).toArray(); void all;",
                     "const c = db.collection('things').find(); await c.toArray();"):
            with self.subTest(line=line):
                self.assertEqual([("W009", "warning", 3)], self.of_script(project, line))
        for line in ("await db.collection('things').find({ a: 1 }).limit(10).toArray();",
                     "await db.collection('things').find({ a: 1 }, { limit: 10 }).toArray();",
                     "await db.collection('things').find({ _id: { $in: client.ids } }).toArray();",
                     "const c = db.collection('things').find(); c.limit(3); await c.toArray();",
                     "await db.collection('things').distinct('a');", "await client.some.find(1).toArray();",
                     "for await (const d of db.collection('things').find({})) void d;"):
            with self.subTest(line=line):
                self.assertEqual([], self.of_script(project, line))

    @on_either
    def test_javascript_for_the_server_is_found(self, project):
        self.assertEqual([("W011", "warning", 3)], self.of_script(
            project, "await db.collection('things').updateMany({ $where: 'this.a > 1' }, { $set: { b: 1 } });"))
        self.assertEqual([("W011", "warning", 3)], self.of_script(
            project, "await db.collection('things').findOne({ $where: 'this.a > 1' });"))
        self.assertEqual([], self.of_script(
            project, "await db.collection('things').updateMany({ $expr: { $gt: ['$a', 1] } }, { $set: { b: 1 } });"))

    @on("standalone")
    def test_places_are_those_of_the_call(self, project):
        name = self.script(project, "await db.collection('things')\n      .updateMany({}, { $set: { a: 1 } });")
        finding = self.lint(project, name)["findings"][0]
        self.assertEqual((f"migrations/{name}", 4, 8), (finding["file"], finding["line"], finding["column"]))

    @on_either
    def test_a_document_migration_is_read_without_being_run(self, project):
        text = """require('fs').writeFileSync('ran', '');
module.exports = {
  collection: 'things',
  where: { kind: 1 },
  transform(doc) { return { $inc: { n: 1 } }; },
  options: { journal: false },
};
"""
        self.assertEqual([("W001", "warning", 5), ("W004", "warning", 6)], self.of_script(project, "", text=text))
        self.assertFalse((project.root / "ran").exists())
        better = text.replace("kind: 1", "done: null").replace("n: 1 }", "n: 1 }, $set: { done: true }")
        self.assertEqual([], self.of_script(project, "", text=better.replace("journal: false", "workers: 1")))

    @on("standalone")
    def test_a_syntax_error_is_an_error_with_its_line(self, project):
        name = self.script(project, "", text="module.exports = {\n  up( {\n};\n")
        report = self.lint(project, name, rc=1)
        self.assertEqual([("W090", "error", 3)], [shown(one) for one in report["findings"]])
        self.assertRegex(project.exits(1, "lint", name).out, rf"migrations/{name}:3:\d+: error W090: ")

    @on("standalone")
    def test_modern_and_odd_scripts_are_read(self, project):
        for extension, text in (("mjs", "#!/usr/bin/env node\nawait 1;\nexport const up = () => import.meta.url;\n"),
                                ("cjs", "if (module.parent) return;\nvar await = 010;\nexports.up = function () {};\n"),
                                ("js", "with (Math) { exports.up = async () => sqrt(4); }\n"),
                                ("js", "\ufeffexport class A { #x = 1n; static { A.y = /[\\p{L}--a]/v; } }\n"),
                                ("js", "exports.up = (a) => a.toString({ __proto__: null }).constructor();\n"),
                                ("js", "exports.up = () => " + "1 + " * 3000 + "1;\n"),
                                ("js", "exports.up = () => [" + "1," * 200000 + "];\n"), ("js", "")):
            with self.subTest(text=text[:60]):
                name = self.script(project, "", text=text, extension=extension)
                report = self.lint(project, name)
                self.assertNotIn("W090", [one["code"] for one in report["findings"]], report)
                self.assertNotIn("could not be read", " ".join(report["notes"]))


class LintTypescriptTest(Linting, ScriptTest):
    TEXT = """// a migration
import type { Db } from 'mongodb';

interface Thing { n: number; s?: string }
enum Kind { A, B }

export const up = async (db: Db): Promise<void> => {
  const things = db.collection<Thing>('things');
  await things.updateMany({ kind: Kind.A } as object, { $inc: { n: 1 } });
  // whimbrel: allow W008 meant so
  things.insertOne({ n: <number>1 } as Thing);
  things!.deleteMany({});
};
export async function down(this: void, db: Db) { await db.collection('things').insertOne({}); }
"""
    PLAIN = """import type { Db } from 'mongodb';
export const up = async (db: Db): Promise<void> => {
  db.collection('things').deleteOne({ a: 1 });
};
"""

    @on_either
    def test_the_projects_typescript_reads_it_with_places_of_the_file(self, project):
        name = self.script(project, "", text=self.TEXT, extension="ts")
        report = self.lint(project, name, rc=1)
        self.assertEqual([("W001", "error", 9), ("W008", "error", 11), ("W002", "error", 12), ("W008", "error", 12)],
                         [shown(one) for one in report["findings"]])
        self.assertEqual([16, 10, 11, 11], [one["column"] for one in report["findings"]])
        self.assertEqual([False, True, False, False], [one["suppressed"] for one in report["findings"]])

    @on("standalone")
    def test_classes_decorators_and_export_assignments_are_read(self, project):
        text = """const mark: any = () => {};
class A { @mark() private a: number = 1; constructor(readonly db: any) {} }
namespace N { export const name = 'things'; }
export = {
  async up(db: any) { await db.collection('things').deleteMany({}); },
  async down(db: any): Promise<void> { await db.collection(N.name).insertOne(new A(db) satisfies object); },
};
"""
        for extension in ("ts", "cts"):
            self.assertEqual([("W002", "error", 5)], self.of_script(project, "", text=text, extension=extension))

    @on("standalone")
    def test_a_syntax_error_in_typescript_has_its_line(self, project):
        self.assertEqual([("W090", "error", 2)], self.of_script(
            project, "", extension="ts", text="interface A { a: string }\nconst x: = 1;\n"))

    @on("standalone")
    def test_without_typescript_node_reads_what_it_can_or_it_is_a_note(self, project):
        (project.root / "node_modules").unlink()
        (project.root / "node_modules").mkdir()
        os.symlink(pathlib.Path(NODE_MODULES) / "mongodb", project.root / "node_modules" / "mongodb")
        name = self.script(project, "", text=self.PLAIN, extension="ts")
        report = self.lint(project, name)
        if report["notes"]:
            self.assertIn("npm install --save-dev typescript", report["notes"][0])
            self.assertEqual([], report["findings"])
        else:
            self.assertEqual([("W004", "warning", 2), ("W008", "error", 3)], [shown(one) for one in report["findings"]])


if __name__ == "__main__":
    import unittest
    unittest.main()
