"""What surrounds a document migration in JavaScript: ctx, setup, check, teardown, its output, its hosts."""
from support.scripts import ScriptTest, quarantined, script, transforms
from support.testcase import on, on_either

NEGATE = transforms("return { $set: { n: -doc.n - 1 } };")


class ContextTest(ScriptTest):
    def fill(self, project, count=20):
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(count)])

    def check_mendable(self, project, said, *parts, rc=1, **keys):
        """`up` fails and says this, the migration is not applied; without these parts it is, once."""
        self.fill(project)
        name = script(project, NEGATE, *parts, **keys)
        result = project.exits(rc, "up")
        for text in (name, *said):
            self.assertSaid(text, result)
        self.assertNotIn("MIGRATED UP", result.out)
        self.assertEqual("failed", project.state(name))
        self.assertEqual(0, project.db.changelog.count_documents({}))
        text = (project.migrations / name).read_text()
        (project.migrations / name).write_text(text.replace("throw new", "new").replace("false", "true")
                                               .replace("process.exit(4)", "1"))
        project.ok("resolve", name, "--accept-change")
        project.ok("up")
        self.assertEqual("applied", project.state(name))
        self.assertEqual([-k - 1 for k in range(20)], [d["n"] for d in project.db.things.find().sort("_id")])

    @on_either
    def test_a_check_that_throws_fails_the_migration(self, project):
        self.check_mendable(project, ["not yet there"], "async check(ctx) { throw new Error('not yet there'); }")

    @on_either
    def test_a_check_that_returns_false_fails_the_migration(self, project):
        self.check_mendable(project, ["check returned false"], "async check(ctx) { return false; }")

    @on_either
    def test_a_setup_that_throws_fails_before_anything_is_written(self, project):
        self.check_mendable(project, ["no settings"], "setup(ctx) { throw new RangeError('no settings'); }")

    @on("replicaset")
    def test_a_setup_that_exits_is_named(self, project):
        self.check_mendable(project, ["process.exit(4) was called on line"], "setup(ctx) { process.exit(4); }")

    @on("replicaset")
    def test_a_teardown_that_throws_fails_the_migration(self, project):
        self.check_mendable(project, ["cannot close"], "async teardown(ctx) { throw new Error('cannot close'); }")

    @on("replicaset")
    def test_a_missing_driver_is_said_with_what_to_install(self, project):
        self.fill(project)
        self.install_driver(project, None)
        name = script(project, NEGATE)
        result = project.run("up")
        self.assertNotEqual(0, result.rc)
        self.assertSaid("no package 'mongodb'", result)
        self.assertSaid("npm install mongodb", result)
        self.assertEqual(20, project.db.things.count_documents({"n": {"$gte": 0}}))
        self.install_driver(project, 6)
        project.ok("up")
        self.assertEqual("applied", project.state(name))

    @on_either
    def test_ctx_has_the_database_the_client_a_state_and_the_migration(self, project):
        self.fill(project)
        project.db.factors.insert_one({"_id": "f", "by": 3})
        name = script(project, """setup(ctx) { ctx.state.calls = 0; }""", """
          async transform(doc, ctx) {
            const { by } = await ctx.db.collection('factors').findOne({ _id: 'f' });
            const same = await ctx.client.db(ctx.db.databaseName).collection('factors').countDocuments();
            ctx.state.calls += 1;
            return { $set: { m: doc.n * by, same, name: ctx.migration.name, run: ctx.migration.run } };
          }""", """async teardown(ctx) {
            await ctx.db.collection('ends').insertOne({ calls: ctx.state.calls }); }""")
        project.ok("up", "--workers", "1")
        run = project.db.whimbrel_runs.find_one({"migration": name})
        for document in project.db.things.find():
            expected = {"_id": document["_id"], "n": document["n"], "m": document["n"] * 3, "same": 1, "name": name,
                        "run": str(run["_id"])}
            self.assertEqual(expected, document)
        self.assertEqual([20], [end["calls"] for end in project.db.ends.find()])

    @on("replicaset")
    def test_a_revert_that_throws_leaves_its_document_and_says_so(self, project):
        self.fill(project)
        script(project, NEGATE, """revert(doc, ctx) {
          if (doc._id === 7 && !doc.mended) throw new TypeError('seven');
          return doc.n < 0 ? { $set: { n: -doc.n - 1 } } : null; }""")
        project.ok("up")
        result = project.run("down")
        self.assertEqual(1, result.rc, result)
        self.assertSaid("seven", result)
        self.assertSaid('"7"', result)
        self.assertEqual(-8, project.db.things.find_one({"_id": 7})["n"])
        project.db.things.update_one({"_id": 7}, {"$set": {"mended": True}})
        project.ok("down")
        self.assertEqual(list(range(20)), [d["n"] for d in project.db.things.find().sort("_id")])

    @on("replicaset")
    def test_what_it_prints_is_in_the_log_and_among_the_events_by_its_name(self, project):
        self.fill(project, 3)
        name = script(project, transforms("console.log('out of', doc._id); console.error('err of', doc._id);"
                                          "ctx.log('log of', doc._id); return null;"))
        result = project.ok("up", "-o", "ndjson", "--log-file", "run.log")
        logs = {(e["migration"], e["level"], e["message"]) for e in result.events() if e["type"] == "log"}
        text = (project.root / "run.log").read_text()
        for number in range(3):
            for level, line in (("info", f"out of {number}"), ("error", f"err of {number}"),
                                ("error", f"log of {number}")):
                self.assertIn((name, level, line), logs)
                self.assertIn(f"{name}: {line}\n", text)

    @on("replicaset")
    def test_a_flood_of_lines_and_logs_is_bounded(self, project):
        self.fill(project, 4)
        script(project, transforms("const line = 'x'.repeat(60); for (let i = 0; i < 27000; i += 1) {"
                                   "  console.log(line); ctx.log(line); } return { $set: { n: -1 } };"))
        result = project.ok("up", "--workers", "1", "-o", "ndjson")
        logs = [event for event in result.events() if event["type"] == "log"]
        printed = sum(event["level"] == "info" for event in logs)
        self.assertLessEqual(printed, 100_000)
        self.assertLess(len(logs) - printed, 100_010)
        self.assertIn("(it printed too much: further lines are dropped)", [e["message"] for e in logs])
        self.assertIn("(it logged too much: further lines are dropped)", [e["message"] for e in logs])
        self.assertEqual(4, project.db.things.count_documents({"n": -1}))
        self.assertPeakBelow(150 << 20, result.usage)

    @on("replicaset")
    def test_every_lane_has_a_host_of_its_own(self, project):
        self.fill(project, 5000)  # more than one range
        script(project, "transformBatch(docs) { return new Promise((done) =>"
                        "  setTimeout(done, 20, docs.map(() => ({ $set: { pid: process.pid } })))); }",
               options="{ batch: 100 }")
        project.ok("up", "--workers", "2")
        self.assertEqual(2, len(project.db.things.distinct("pid")))

    @on_either
    def test_what_was_changed_and_not_returned_stays_as_it_was(self, project):
        self.fill(project)
        before = project.raw()
        script(project, transforms("doc.n = 'other'; doc.more = 1; delete doc._id; return null;"))
        project.ok("up")
        self.assertSameBytes(before, project.raw())

    @on_either
    def test_an_instance_of_a_class_is_no_document_unless_it_says_what_it_is(self, project):
        self.fill(project, 2)
        script(project, transforms("return doc._id ? new Said(doc) : new Price(doc.n);"),
               before="class Price { constructor(n) { this.n = n; } }"
                      "class Said { constructor(doc) { this.doc = doc; }"
                      "  toBSON() { return { ...this.doc, price: { n: 2.5 } }; } }")
        project.exits(3, "up", "--max-errors", "1")
        self.assertEqual([0], list(quarantined(project)))
        self.assertIn("an instance of Price", quarantined(project)[0])
        self.assertEqual([{"_id": 0, "n": 0}, {"_id": 1, "n": 1, "price": {"n": 2.5}}],
                         list(project.db.things.find().sort("_id")))

    @on_either
    def test_an_instance_inside_of_a_document_is_written_as_the_driver_writes_it(self, project):
        self.fill(project, 1)
        script(project, transforms("return { ...doc, a: new Price(2), b: new Said(), c: [new Price(3)] };"),
               before="class Price { constructor(n) { this.amount = n; } }"
                      "class Said { toBSON() { return { said: true }; } }")
        project.ok("up")
        self.assertEqual({"_id": 0, "n": 0, "a": {"amount": 2}, "b": {"said": True}, "c": [{"amount": 3}]},
                         project.db.things.find_one())


if __name__ == "__main__":
    import unittest
    unittest.main()
