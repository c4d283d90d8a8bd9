"""The same project run by migrate-mongo 14 and by whimbrel under its name: equal in every feature."""
import datetime
import re
import shutil

from support.javascript import js_project, twins
from support.testcase import ServerTest, on, on_both

NOW = datetime.datetime(2024, 1, 2, 3, 4, 5)
INSERT = "    await db.collection('things').insertOne({ _id: %s, n: 1.5 });"
REMOVE = "    await db.collection('things').deleteOne({ _id: %s });"


class FeatureTest(ServerTest):
    """Up, status and down of projects that are written in different ways."""

    def round_trip(self, pair, env=None):
        pair.run("status", env=env)
        pair.run("up", env=env)
        pair.same()
        pair.run("status", env=env)
        pair.run("up", env=env)
        pair.run("down", env=env)
        pair.same()
        pair.run("status", env=env)
        pair.run("up", env=env)
        pair.run("down", "-b", env=env)
        pair.same()

    def with_three(self, topology="replicaset", driver=6):
        pair = twins(self, topology, driver)
        for k in range(3):
            pair.script(f"add-{k}", INSERT % k, REMOVE % k)
        return pair

    def test_commonjs(self):
        self.round_trip(self.with_three())

    def test_commonjs_on_a_standalone_server(self):
        self.round_trip(self.with_three("standalone"))

    def test_driver_4(self):
        self.round_trip(self.with_three(driver=4))

    def test_driver_5(self):
        self.round_trip(self.with_three(driver=5))

    def test_driver_7(self):
        self.round_trip(self.with_three(driver=7))

    def test_es_modules(self):
        pair = twins(self)
        pair.file("package.json", '{"type": "module"}')
        pair.js_config("esm", moduleSystem="esm")
        pair.script("1-a.js", text="export const up = async (db) => {\n%s\n};\nexport const down = async (db) => {\n"
                                   "%s\n};\n" % (INSERT % 1, REMOVE % 1))
        pair.script("2-b.js", text="const name = await Promise.resolve('things');\nexport default {\n"
                                   "  name,\n  async up(db) { await db.collection(this.name).insertOne({ _id: 2 }); },\n"
                                   "  async down(db) { await db.collection(this.name).deleteOne({ _id: 2 }); },\n};\n")
        self.round_trip(pair)

    def test_a_configuration_of_named_exports(self):
        pair = self.with_three()
        pair.file("package.json", '{"type": "module"}')
        pair.js_config("named")
        for k in range(3):
            pair.script(f"{20240101000001 + k}-add-{k}.js", text="export const up = async (db) => {\n%s\n};\n"
                        "export const down = async (db) => {\n%s\n};\n" % (INSERT % k, REMOVE % k))
        self.round_trip(pair)

    def test_cjs_and_mjs_files(self):
        for extension, text in ((".cjs", "exports.up = async (db) => {\n%s\n};\nexports.down = async (db) => {\n%s\n};"),
                                (".mjs", "export const up = async (db) => {\n%s\n};\n"
                                         "export const down = async (db) => {\n%s\n};")):
            with self.subTest(extension=extension):
                pair = twins(self)
                pair.js_config(migrationFileExtension=extension)
                pair.script("1-a" + extension, text=text % (INSERT % 1, REMOVE % 1))
                pair.script("2-not-meant.js", INSERT % 2)
                pair.run("up")
                pair.run("down")
                pair.same()

    def test_typescript_by_tsx(self):
        pair = twins(self)
        pair.js_config(migrationFileExtension=".ts")
        pair.file("settings.ts", "export const amount: number = 7;\n")
        pair.script("1-a.ts", text="import type { Db } from 'mongodb';\nimport { amount } from '../settings';\n"
                                   "export const up = async (db: Db): Promise<void> => {\n"
                                   "  await db.collection<{ _id: number }>('things').insertOne({ _id: amount });\n};\n"
                                   "export const down = async (db: Db): Promise<void> => {\n"
                                   "  await db.collection<{ _id: number }>('things').deleteOne({ _id: amount });\n};\n")
        env = {"NODE_OPTIONS": "--import tsx"}
        pair.run("up", env=env)
        pair.run("status", env=env)
        pair.same()
        pair.run("down", env=env)
        pair.same()

    def test_a_promise_as_configuration(self):
        pair = self.with_three()
        pair.js_config("promise")
        self.round_trip(pair)

    def test_another_configuration_file(self):
        pair = self.with_three()
        pair.each(lambda p: (p.root / "migrate-mongo-config.js").unlink())
        pair.js_config(file="other.cjs")
        pair.js_config("json", file="other.json", changelogCollectionName="changelog_of_json")
        pair.run("up", "-f", "other.cjs")
        pair.run("status", "--file=./other.cjs")
        pair.run("status", "-f", "other.json")
        pair.run("up", "-fother.json", rc=1)  # the same _id again
        pair.run("down", "-bf", "other.cjs")
        pair.same()

    def test_another_migrations_directory(self):
        pair = self.with_three()
        pair.file("elsewhere/5-x.js", "exports.up = async (db) => {\n%s\n};\nexports.down = async (db) => {\n%s\n};"
                  % (INSERT % 5, REMOVE % 5))
        pair.run("status", "--migrations-dir", "elsewhere")
        pair.run("up", "--migrations-dir", "elsewhere")
        pair.run("up", "--migrations-dir", "./migrations/")
        pair.run("status")
        pair.run("down", "--migrations-dir=elsewhere")
        pair.same()
        pair.run("create", "new", "--migrations-dir", "elsewhere")

    def test_collections_of_other_names_and_a_time_to_live(self):
        pair = self.with_three()
        pair.js_config(changelogCollectionName="changelog.of.mine", lockCollectionName="changelog.locks", lockTtl=60)
        self.round_trip(pair)
        index = pair.ours.db["changelog.locks"].index_information()["createdAt_1"]
        self.assertEqual(60, index["expireAfterSeconds"])

    def test_no_lock_collection(self):
        pair = self.with_three()
        pair.js_config(lockCollectionName=None, lockTtl=None)
        self.round_trip(pair)

    def test_a_changed_file_runs_again_with_hashes(self):
        pair = self.with_three()
        pair.js_config(useFileHash=True)
        pair.run("status")
        pair.run("up")
        pair.same()
        pair.script("20240101000002-add-1.js", INSERT % 11, REMOVE % 11)
        pair.run("status")
        pair.run("up")
        pair.same()
        self.assertEqual(4, len(pair.ours.changelog()))
        pair.run("status")
        pair.run("up")
        pair.run("down")
        pair.same()

    def test_the_order_is_that_of_utf16_names(self):
        pair = twins(self)
        for name in ("9-x.js", "10-x.js", "B.js", "a.js", "é.js", "ﬁ.js", "🎉 new.js", "日本.js", ".hidden.js", "no.JS",
                     "x.ts", "sample-migration.js", "y.d.js"):
            pair.script(name, "    await db.collection('order').insertOne({ _id: Date.now() + Math.random() });")
        pair.run("status")
        pair.run("up")
        pair.run("status")
        names = [[entry["fileName"] for entry in p.changelog()] for p in (pair.theirs, pair.ours)]
        self.assertEqual(*names)
        pair.run("down", "-b")

    def test_down_takes_the_last_name_not_the_last_time(self):
        pair = twins(self)
        for name in ("1-a", "3-c"):
            pair.script(name + ".js", INSERT % name[0], REMOVE % name[0])
        pair.run("up")
        pair.script("2-b.js", INSERT % 2, REMOVE % 2)
        pair.run("up")
        pair.run("down")
        pair.same()
        pair.run("down", "-b")  # the block of 2-b alone
        pair.same()

    def test_entries_of_old_versions_are_understood(self):
        pair = self.with_three()
        pair.each(lambda p: p.db.changelog.insert_many(
            [{"fileName": "20240101000001-add-0.js", "appliedAt": NOW},
             {"fileName": "gone.js", "appliedAt": NOW, "fileHash": "0" * 64}]))
        pair.run("status")
        pair.run("up")
        pair.same()
        for _ in range(2):
            pair.run("down", "-b")
            pair.same()

    def test_this_and_the_arguments(self):
        pair = twins(self)
        pair.script("1-a.js", text="""
module.exports = {
  name: 'things',
  async helper(db) { await db.collection(this.name).insertOne({ _id: 1 }); },
  async up(db, client, ...rest) {
    await this.helper(db);
    await db.collection('facts').insertOne({ _id: 1, rest: rest.length, length: arguments.length,
      db: db.constructor.name, client: client.constructor.name, close: typeof db.close, argv: process.argv.slice(2),
      cwd: require('path').relative(process.cwd(), __dirname), file: require('path').basename(__filename) });
  },
};
""")
        pair.run("up")
        pair.same()

    @on("replicaset")
    def test_transactions_and_other_databases(self, project):
        pair = twins(self)
        self.addCleanup(project.db.client.drop_database, pair.theirs.db.name + "_other")
        self.addCleanup(project.db.client.drop_database, pair.ours.db.name + "_other")
        pair.script("1-a.js", """
    const session = client.startSession();
    await session.withTransaction(async () => {
      await db.collection('a').insertOne({ _id: 1 }, { session });
      await db.collection('b').insertOne({ _id: 1 }, { session });
    });
    await session.endSession();
    await client.db(db.databaseName + '_other').collection('c').insertOne({ _id: 1 });""")
        pair.script("2-b.js", """
    const session = client.startSession();
    await session.withTransaction(async () => {
      await db.collection('a').insertOne({ _id: 2 }, { session });
      throw new Error('rolled back');
    });""")
        pair.run("up", rc=1, stdout=False)
        pair.same()
        for one in (pair.theirs, pair.ours):
            self.assertEqual(1, one.db.client[one.db.name + "_other"].c.count_documents({}))

    @on_both
    def test_what_migrations_do(self, project):
        pair = twins(self, "replicaset" if project.uri.find("replicaSet") > 0 else "standalone")
        pair.script("1-make.js", """
    const { ObjectId, Decimal128, Long } = require('mongodb');
    await db.createCollection('users', { validator: { $jsonSchema: { required: ['email'] } } });
    await db.collection('users').createIndex({ email: 1 }, { unique: true, name: 'by_email' });
    await db.collection('users').insertMany([...Array(50).keys()].map((k) => ({ _id: k, email: `u${k}@x`, n: k,
      at: new Date(1e12 + k), price: Decimal128.fromString(`${k}.50`), big: Long.fromString('9007199254740993'),
      id: new ObjectId('65537f1007768696d6200000'.slice(0, 24)), pattern: /a.b/i })));""",
                    "    await db.collection('users').drop();")
        pair.script("2-change.js", """
    await db.command({ collMod: 'users', validator: {}, validationLevel: 'off' });
    for await (const user of db.collection('users').find({ n: { $lt: 10 } })) {
      await db.collection('users').updateOne({ _id: user._id }, [{ $set: { n: { $add: ['$n', 1000] } } }]);
    }
    await db.collection('users').bulkWrite([{ deleteOne: { filter: { _id: 49 } } },
      { updateMany: { filter: { n: { $gte: 20 } }, update: { $rename: { n: 'm' } } } }]);
    await db.collection('users').dropIndex('by_email');
    await db.collection('users').aggregate([{ $group: { _id: null, sum: { $sum: '$n' } } }, { $out: 'sums' }]).toArray();
    await db.createCollection('shown', { viewOn: 'users', pipeline: [{ $match: { n: 1 } }] });
    console.log('changed', (await db.listCollections().toArray()).filter((c) => !/whimbrel|changelog/.test(c.name)).length);
    console.error('to stderr');""")
        pair.run("up")
        pair.same()
        pair.run("status")

    def test_create_and_init(self):
        pair = twins(self)
        for args in (["new thing  with & signs"], ["new"], ["new-Größe"], [""], []):
            pair.run("create", *args, rc=0 if args and args[0] else 1)
        for project in (pair.theirs, pair.ours):
            names = sorted(re.sub(r"\d{14}", "", p.name) for p in project.migrations.iterdir())
            self.assertEqual(["-new-Größe.js", "-new.js", "-new_thing__with_&_signs.js"], names)
        pair.each(lambda p: p.rename_new_files())  # made in one second or not: in equal order
        pair.run("up")
        pair.same()
        pair.script("sample-migration.js", text="// my own\nexports.up = async () => {};\n")
        pair.run("create", "new from sample")
        for project in (pair.theirs, pair.ours):
            made = next(project.migrations.glob("*new_from_sample.js"))
            self.assertTrue(made.read_text().startswith("// my own"))
        pair.run("init", rc=1)
        pair.each(lambda p: shutil.rmtree(p.migrations))
        pair.run("init", rc=1)
        pair.each(lambda p: (p.root / "migrate-mongo-config.js").unlink())
        pair.run("init", "-m", "esm")
        pair.run("init", rc=1)
        self.assertTrue(pair.ours.migrations.is_dir())

    def test_new_projects_are_equal_in_effect(self):
        for module in ("commonjs", "esm", "anything"):
            with self.subTest(module=module):
                pair = twins(self)
                pair.each(lambda p: (p.migrations.rmdir(), (p.root / "migrate-mongo-config.js").unlink()))
                pair.run("init", "--module", module)
                if module == "esm":
                    pair.file("package.json", '{"type": "module"}')
                show = ["-e", "import(process.cwd() + '/migrate-mongo-config.js').then((m) => "
                        "console.log(JSON.stringify(m.default)))"]
                shown = [p.run(*show, program=["node"]).out for p in (pair.theirs, pair.ours)]
                self.assertIn("YOURDATABASENAME", shown[0])
                self.assertEqual(*shown)
                pair.run("create", "new")
                pair.each(lambda p: p.js_config("esm" if module == "esm" else "cjs"))
                pair.run("up")
                pair.run("down")
                pair.same()


class TakingTurnsTest(ServerTest):
    """One project, now the one tool, now the other."""

    @on_both
    def test_what_one_began_the_other_finishes_lists_and_undoes(self, project):
        for hashes in (False, True):
            with self.subTest(hashes=hashes):
                js = js_project(self, "replicaset" if "replicaSet" in project.uri else "standalone")
                js.js_config(useFileHash=hashes, lockTtl=60)
                self.take_turns(js)

    def take_turns(self, js):
        js.script("a", INSERT % 1, REMOVE % 1)
        half = js.script("b", "    throw new Error('not yet');")
        js.script("c", INSERT % 3, REMOVE % 3)
        self.assertEqual(1, js.theirs("up").rc)
        js.script(half, INSERT % 2, REMOVE % 2)
        done = js.ours("up")
        self.assertEqual((0, ["MIGRATED UP: " + half, "MIGRATED UP: 20240101000003-c.js"]),
                         (done.rc, done.out.splitlines()), done)
        self.assertEqual(js.theirs("status").out, js.ours("status").out)
        self.assertEqual(js.theirs("up").out, "")
        self.assertEqual("MIGRATED DOWN: 20240101000003-c.js\n", js.theirs("down").out)
        self.assertEqual(js.theirs("status").out, js.ours("status").out)
        self.assertEqual("MIGRATED DOWN: " + half + "\n", js.ours("down", "-b").out)
        self.assertEqual([1], [d["_id"] for d in js.db.things.find()])
        self.assertEqual("MIGRATED UP: " + half, js.theirs("up").out.splitlines()[0])
        self.assertEqual(2, len(js.ours("down", "-b").out.splitlines()))
        self.assertEqual("MIGRATED DOWN: 20240101000001-a.js\n", js.ours("down").out)
        self.assertEqual([], js.changelog())
        self.assertEqual("", js.theirs("down").out)

    def test_whimbrels_own_commands_understand_both(self):
        js = js_project(self, "replicaset")
        first, second = js.script("a", INSERT % 1, REMOVE % 1), js.script("b", INSERT % 2, REMOVE % 2)
        self.assertEqual(0, js.theirs("up").rc)
        self.assertEqual({first: "applied", second: "applied"}, js.states())
        js.ok("down")
        self.assertEqual({first: "applied", second: "pending"}, js.states())
        self.assertEqual(0, js.ours("up").rc)
        self.assertEqual({first: "applied", second: "applied"}, js.states())
        self.assertEqual(0, js.theirs("down").rc)
        self.assertEqual({first: "applied", second: "pending"}, js.states())
        js.ok("up")
        self.assertEqual("", js.theirs("up").out)
        js.ok("down", "--steps", "2")
        self.assertEqual([], list(js.db.things.find()))

    def test_a_document_migration_beside_scripts(self):
        js = js_project(self, "replicaset")
        js.db.users.insert_many([{"_id": k, "n": k} for k in range(300)])
        before = js.raw("users")
        js.script("a", INSERT % 1, REMOVE % 1)
        name = js.script("b.js", text="module.exports = { collection: 'users',\n"
                                      "  transform: (doc) => ({ $set: { n: 2 * doc.n + 1 } }) };\n")
        (js.migrations / "20250101000000-y.yaml").write_text("steps: [ { createCollection: other } ]\n")
        result = js.ours("up")
        self.assertEqual((0, ["MIGRATED UP: 20240101000001-a.js", "MIGRATED UP: " + name]),
                         (result.rc, result.out.splitlines()), result)
        self.assertEqual(601 - 2, js.db.users.find_one({"_id": 299})["n"])
        self.assertNotIn("yaml", js.ours("status").out)
        self.assertIn(name, js.theirs("status").out)
        result = js.ours("down", "-b")
        self.assertEqual(0, result.rc, result)
        self.assertSameBytes(before, js.raw("users"))

    def test_entries_have_their_shape_first(self):
        js = js_project(self, "replicaset")
        js.js_config(useFileHash=True)
        js.script("a", INSERT % 1)
        js.ours("up")
        entry = js.changelog()[0]
        self.assertEqual(["_id", "fileName", "fileHash", "appliedAt", "migrationBlock"], list(entry)[:5])
        self.assertIs(float, type(entry["migrationBlock"]))


if __name__ == "__main__":
    import unittest
    unittest.main()
