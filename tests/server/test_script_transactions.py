"""Scripts with `transaction: true`: all of one or nothing, with the changelog, the run and the audit."""
import json
import os
import pathlib
import signal

from support.moments import stopped_at
from support.transactions import FLAG, OPERATIONS, TELL, WAIT, TransactionTest, host_of, transactional
from support.testcase import wait_until


class AllOrNothingTest(TransactionTest):
    def test_a_throw_in_the_middle_leaves_nothing_and_the_mended_script_runs_without_a_question(self):
        project = self.js()
        transactional(project, "await db.collection('a').insertOne({ n: 1 });\nthrow new Error('no');")
        failed = project.exits(1, "up")
        self.assertIn(f"{FLAG}:6: no", failed.err)
        self.assertSaid("nothing of it was applied", failed)
        self.assertNothingHappened(project, "a")
        transactional(project, "await db.collection('a').insertOne({ n: 1 });")
        project.ok("up")
        self.assertEqual(1, project.db.a.count_documents({}))

    def test_nothing_is_visible_before_the_commit_and_everything_after_it(self):
        for driver in (4, 5, 6, 7):
            with self.subTest(driver=driver):
                project = self.js(driver)
                transactional(project, f"{OPERATIONS}\n{TELL}\n{WAIT}")
                running = project.start("up")
                wait_until(lambda: self.calls(project) or not running.alive, "the script", 60)
                self.assertTrue(running.alive, running.result())
                self.assertNothingHappened(project, "a", "b", "c", "seen")
                self.go(project)
                result = running.wait()
                self.assertEqual(0, result.rc, str(result))
                self.assertEqual([1, 2, 3, 6, 8, 9], [d["_id"] for d in project.db.a.find().sort("_id")])
                self.assertEqual({"_id": 1, "n": 11, "b": 1, "many": True}, project.db.a.find_one({"_id": 1}))
                self.assertEqual([[6, 1, 6, 6, 6, 6, 11, 6], 6],
                                 [project.db.seen.find_one()[key] for key in ("seen", "counted")])
                self.assertEqual((2, 1), (project.db.b.count_documents({}), project.db.c.count_documents({})))
                self.assertEqual(1, self.calls(project))

    def test_documents_changelog_run_and_audit_are_one_transaction_of_the_server(self):
        project = self.js()
        transactional(project, "await db.collection('a').insertOne({ n: 1 });\n"
                               "await db.collection('b').insertOne({ n: 1 });")
        project.ok("up")
        found = self.transactions_on(project, "changelog")
        self.assertEqual(1, len(found))
        self.assertEqual(["a", "b"], found[0][:2])
        self.assertEqual({"a", "b", "changelog", "whimbrel_runs", "whimbrel_audit"}, set(found[0]))
        run = project.db.whimbrel_runs.find_one({"migration": FLAG})
        self.assertEqual(("done", "done"), (run["state"], run["steps"][0]["state"]))

    def test_down_is_one_transaction_too(self):
        project = self.js()
        up = "await db.collection('a').insertOne({ _id: 1 });"
        transactional(project, up, "await db.collection('a').deleteOne({ _id: 1 });\nthrow new Error('not yet');")
        project.ok("up")
        self.assertIn("not yet", project.exits(1, "down").err)
        self.assertEqual((1, 1), (project.db.a.count_documents({}), len(project.changelog())))
        transactional(project, up, "await db.collection('a').deleteOne({ _id: 1 });")
        project.ok("down")
        self.assertEqual((0, 0), (project.db.a.count_documents({}), len(project.changelog())))
        undone = self.transactions_on(project, "changelog")[-1]
        self.assertEqual({"a", "changelog", "whimbrel_runs", "whimbrel_audit"}, set(undone))
        project.ok("up")
        self.assertEqual(1, project.db.a.count_documents({}))

    def test_operations_side_by_side_and_one_that_nobody_awaits_take_part(self):
        project = self.js()
        transactional(project, """const a = db.collection('a');
          await Promise.all(Array.from({ length: 60 }, (_, i) => a.insertOne({ _id: i })));
          a.insertOne({ _id: 60 });""")
        project.ok("up")
        self.assertEqual([[*["a"] * 61]], [ns[:61] for ns in self.transactions_on(project, "a")])

    def test_concerns_of_the_connection_string_do_not_get_in_the_way(self):
        for driver in (4, 5, 6, 7):
            with self.subTest(driver=driver):
                project = self.js(driver)
                project.uri += "&w=majority&readPreference=secondaryPreferred&readConcernLevel=majority"
                project.js_config()
                transactional(project, OPERATIONS)
                project.ok("up")
                self.assertEqual(1, len(self.transactions_on(project, "a")))

    def test_a_loader_and_modules_make_no_difference(self):
        project = self.js()
        project.js_config(migrationFileExtension=".ts")
        text = """import type { Db } from 'mongodb';
export const transaction: boolean = true;
export const collections: string[] = ['a'];
export const up = async (db: Db): Promise<void> => {
  await db.collection('a').insertOne({ n: 1 });
  if (process.env.FAIL) throw new TypeError('typed');
};
"""
        project.script("20240101000001-typed.ts", text=text)
        self.assertIn("20240101000001-typed.ts:6: TypeError: typed", project.exits(1, "up", env={"FAIL": "1"}).err)
        self.assertNothingHappened(project, "a")
        project.ok("up")
        self.assertEqual(1, len(self.transactions_on(project, "a")))

    def test_a_module_of_ecmascript(self):
        project = self.js()
        project.js_config(migrationFileExtension=".mjs")
        project.script("20240101000001-module.mjs", text=(
            "export const transaction = true;\nexport async function up(db) {\n"
            "  await db.collection('a').insertOne({ n: 1 });\n}\n"))
        project.ok("up")
        self.assertEqual(1, len(self.transactions_on(project, "a")))

    def test_a_script_that_takes_longer_than_a_heartbeat_runs_once(self):
        project = self.js()
        project.js_config(lockTtl=3)  # a heartbeat every second
        transactional(project, f"await db.collection('a').insertOne({{}});\n{TELL}\n"
                               "await new Promise((r) => setTimeout(r, 2500));")
        project.ok("up")
        self.assertEqual((1, 1), (self.calls(project), project.db.a.count_documents({})))

    def test_a_trial_is_a_transaction_too(self):
        project = self.js()
        project.db.a.insert_one({"_id": 1, "n": 1})
        transactional(project, "await db.collection('a').updateMany({ n: 1 }, { $set: { n: 2 } });",
                      "await db.collection('a').updateMany({ n: 2 }, { $set: { n: 1 } });")
        for command in ("test", "rehearse"):
            tried = project.ok(command)
            self.assertIn("its code asked a: ", tried.out)
            self.assertNotIn("its code asked whimbrel_", tried.out)
            self.assertNotIn("its code asked changelog", tried.out)
        self.assertEqual(1, project.db.a.find_one()["n"])


class RepeatedTest(TransactionTest):
    def test_a_conflict_runs_the_whole_again(self):
        project = self.js()
        project.db.a.insert_one({"_id": 1, "n": 0})
        transactional(project, f"""const a = db.collection('a');
          await db.collection('b').insertOne({{}});
          const {{ n }} = await a.findOne({{ _id: 1 }});
          {TELL} {WAIT}
          await a.updateOne({{ _id: 1 }}, {{ $set: {{ n: n + 1 }} }});""")
        running = project.start("up")
        self.called(project)
        project.db.a.update_one({"_id": 1}, {"$set": {"n": 100}})
        self.go(project)
        result = running.wait()
        self.assertEqual(0, result.rc, str(result))
        self.assertEqual((2, 101, 1), (self.calls(project), project.db.a.find_one()["n"],
                                       project.db.b.count_documents({})))

    def test_it_is_not_repeated_for_ever(self):
        project = self.js()
        transactional(project, f"""{TELL} await db.collection('a').insertOne({{}});
          throw Object.assign(new Error('again'), {{ errorLabels: ['TransientTransactionError'] }});""")
        self.assertIn("again", project.exits(1, "up").err)
        self.assertEqual(5, self.calls(project))
        self.assertNothingHappened(project, "a")

    def test_an_error_that_the_script_catches_ends_the_transaction_all_the_same(self):
        project = self.js()
        project.db.a.insert_one({"_id": 1})
        catch = f"{TELL} try {{ await db.collection('a').insertOne({{ _id: 1 }}); }} catch {{}}"
        for rest in ("", "await db.collection('b').insertOne({});"):
            with self.subTest(rest=rest):
                transactional(project, f"{catch}\n{rest}")
                failed = project.exits(1, "up")
                self.assertSaid("E11000", failed)
                self.assertSaid("caught this error", failed)
                self.assertNothingHappened(project, "b")
        self.assertEqual(2, self.calls(project))

    def test_lost_answers_neither_repeat_nor_forget_a_commit(self):
        for point in ("node commitTransaction after#1", "node runInTransaction after#1",
                      "node commitTransaction before#1", "node transactionCommand after#1",
                      "node transactionCommand after#3", "update changelog after#1",
                      "node openSession after#1"):
            with self.subTest(point=point):
                project = self.js()
                transactional(project, KilledTest.UP)
                result = project.run("up", env={"WHIMBREL_FAULT": f"error {point}"})
                if result.rc != 0:
                    self.assertNothingHappened(project, "a")
                    project.ok("up")
                self.assertEqual((1, 1), (project.db.a.find_one()["n"], len(project.changelog())))


class KilledTest(TransactionTest):
    UP = "await db.collection('a').updateOne({ _id: 1 }, { $inc: { n: 1 } }, { upsert: true });"
    DOWN = "await db.collection('a').updateOne({ _id: 1 }, { $inc: { n: -1 } });"
    POINTS = ("node openSession after#1", "node runInTransaction before#1", "node runInTransaction after#1",
              "node transactionCommand before#1", "node transactionCommand after#1", "node transactionCommand after#3",
              "node commitTransaction before#1", "node commitTransaction after#1")

    def test_whimbrel_killed_at_any_point_leaves_all_or_nothing_and_no_question(self):
        for point in self.POINTS:
            with self.subTest(point=point):
                project = self.js()
                transactional(project, self.UP, self.DOWN)
                for command, expected in (("up", 1), ("down", 0)):
                    killed = project.run(command, env={"WHIMBREL_FAULT": f"kill {point}"})
                    self.assertEqual(-signal.SIGKILL, killed.rc, str(killed))
                    self.assertEqual(project.db.a.find_one() is None if command == "up" else
                                     project.db.a.find_one()["n"] == 1,
                                     len(project.changelog()) == (0 if command == "up" else 1))
                    if len(project.changelog()) != expected:
                        project.ok(command)
                    self.assertEqual(expected, project.db.a.find_one()["n"])
                    self.assertEqual(expected, len(project.changelog()))
                    project.ok(command) if command == "up" else None
                    self.assertEqual(expected, project.db.a.find_one()["n"])

    def test_a_killed_host_leaves_nothing_and_holds_nothing(self):
        project = self.js()
        project.db.a.insert_one({"_id": 1, "n": 0})
        transactional(project, f"{self.UP}\n{TELL}\n{WAIT}")
        running = project.start("up")
        self.called(project)
        os.kill(host_of(running), signal.SIGKILL)
        result = running.wait()
        self.assertEqual(1, result.rc, str(result))
        self.assertNothingHappened(project)
        # Nobody waits for the server to give up the dead transaction's documents.
        project.db.client.admin.command("ping")
        project.db.command("update", "a", updates=[{"q": {"_id": 1}, "u": {"$set": {"x": 1}}}], maxTimeMS=5000)
        self.go(project)
        project.ok("up")
        self.assertEqual({"_id": 1, "n": 1, "x": 1}, project.db.a.find_one())

    def test_a_killed_whimbrel_leaves_nothing_and_the_next_one_does_not_wait(self):
        project = self.js()
        transactional(project, f"{self.UP}\n{TELL}\n{WAIT}")
        running = project.start("up")
        self.called(project)
        running.kill()
        self.assertNothingHappened(project, "a")
        self.go(project)
        project.run("up", timeout=30)
        self.assertEqual((1, 1), (project.db.a.find_one()["n"], len(project.changelog())))

    def test_one_stopped_before_its_commit_and_overtaken_commits_nothing_more(self):
        project = self.js()
        transactional(project, self.UP)
        first = stopped_at(project, "node commitTransaction before#1", "up")
        project.ok("unlock", "--force")
        project.ok("up")
        self.assertEqual((1, 1), (project.db.a.find_one()["n"], len(project.changelog())))
        first.signal(signal.SIGCONT)
        result = first.wait()
        self.assertEqual(75, result.rc, str(result))
        self.assertEqual((1, 1), (project.db.a.find_one()["n"], len(project.changelog())))

    def test_nothing_can_be_asked_of_it_meanwhile_and_it_runs_once(self):
        project = self.js()
        transactional(project, f"{self.UP}\n{TELL}\n{WAIT}")
        running = project.start("up")
        self.called(project)
        for command in (("pause",), ("set", "workers=2"), ("cancel",)):
            refused = project.exits(1, *command)
            self.assertIn("one transaction, which is under way", refused.err)
        self.go(project)
        self.assertEqual(0, running.wait().rc)
        self.assertEqual((1, 1), (project.db.a.find_one()["n"], self.calls(project)))

    def test_a_second_interrupt_ends_it_and_nothing_stays(self):
        project = self.js()
        transactional(project, f"{self.UP}\n{TELL}\n{WAIT}")
        running = project.start("up")
        self.called(project)
        running.signal(signal.SIGINT)
        wait_until(lambda: "nothing of it stays" in running.result().err, "it says so", 30)
        running.signal(signal.SIGINT)
        self.assertEqual(130, abs(running.wait().rc) if running.wait().rc > 0 else 130)
        self.go(project)
        project.ok("up")
        self.assertEqual((1, 1), (project.db.a.find_one()["n"], len(project.changelog())))


class RefusedTest(TransactionTest):
    def test_a_standalone_server_is_refused_before_anything_runs(self):
        project = self.js(topology="standalone")
        transactional(project, TELL)
        for command in ("up", "test", "rehearse"):
            refused = project.exits(65, command)
            self.assertSaid("transaction: true needs a replica set or a sharded cluster", refused)
        kept = {"whimbrel_runs", "changelog_lock"}  # the lock was taken and given back
        self.assertEqual((0, set()), (self.calls(project), set(project.db.list_collection_names()) - kept))

    def test_yaml_is_refused_on_a_standalone_server_by_test_too(self):
        project = self.project("standalone")
        project.migration("one", {"insert": "a", "documents": [{"_id": 1}]}, transaction=True)
        for command in ("up", "test"):
            self.assertSaid("transaction: true needs a replica set", project.exits(65, command))

    def test_sessions_of_its_own_are_refused_with_the_reason_and_the_line(self):
        for call in ("client.startSession()", "await client.withSession(async () => {})",
                     "await client.close()", "await db.command({ commitTransaction: 1 })",
                     "await db.collection('a').insertOne({}, { session: { inTransaction: () => false } })"):
            with self.subTest(call=call):
                project = self.js()
                transactional(project, f"await db.collection('a').insertOne({{}});\n{call};")
                refused = project.exits(1, "up")
                self.assertSaid(f"{FLAG}:6: ", refused)
                self.assertSaid("not possible with transaction: true", refused)
                self.assertNothingHappened(project, "a")

    def test_what_the_server_does_not_do_in_transactions_is_said_with_the_line(self):
        for driver in (4, 5, 6, 7):
            for call in ("db.collection('old').createIndex({ n: 1 })", "db.collection('old').drop()",
                         "db.collection('old').rename('new')"):
                with self.subTest(driver=driver, call=call):
                    project = self.js(driver)
                    project.db.old.insert_one({"_id": 1})
                    transactional(project, f"await db.collection('a').insertOne({{}});\nawait {call};")
                    refused = project.exits(1, "up")
                    self.assertSaid(f"{FLAG}:6: ", refused)
                    self.assertSaid("(code 263)", refused)
                    self.assertSaid("put this into a migration of its own", refused)
                    self.assertNothingHappened(project, "a", "new")

    def test_longer_than_the_server_allows(self):
        server = self.own_server("replicaset", ["--setParameter", "transactionLifetimeLimitSeconds=1"])
        project = self.js(uri=server.uri)
        transactional(project, f"{TELL} await db.collection('a').insertOne({{}});\n"
                               "await new Promise((r) => setTimeout(r, 5000));\n"
                               "await db.collection('a').insertOne({});")
        refused = project.exits(1, "up")
        self.assertSaid("took longer than the 1 s that the server lets a transaction live", refused)
        self.assertEqual(1, self.calls(project))

    def test_what_is_called_after_the_end_is_refused(self):
        project = self.js()
        transactional(project, """const a = db.collection('a');
          await a.insertOne({ _id: 1 });
          setImmediate(() => a.insertOne({ _id: 2 }));""")
        result = project.exits(1, "up")
        self.assertSaid("was called when up() had ended", result)
        self.assertNothingHappened(project, "a")

    def test_a_type_that_is_none_is_refused_but_not_when_called_as_migrate_mongo(self):
        for key, value, said in (("collections", "'a'", "`collections` must be a list of names"),
                                 ("collections", "['a', '']", "`collections` must be a list of names"),
                                 ("collections", "['a', 1]", "`collections` must be a list of names"),
                                 ("transaction", "'yes'", "`transaction` must be true or false")):
            with self.subTest(key=key, value=value):
                project = self.js()
                name = project.script("20240101000001-odd.js", text=(
                    f"module.exports = {{ {key}: {value},\n"
                    "  async up(db) { await db.collection('a').insertOne({}); } };\n"))
                self.assertSaid(f"{name}: {said}", project.exits(65, "up"))
                self.assertEqual(0, project.ours("up").rc)
                self.assertEqual(1, project.db.a.count_documents({}))


class TablesTest(TransactionTest):
    def test_every_method_of_every_driver_is_bound_or_known(self):
        """A method that the tables lack is refused; here it is seen that none is forgotten."""
        host = pathlib.Path(__file__).parents[2] / "src" / "node" / "host" / "transactions.js"
        project = self.js()
        program = project.root / "tables.js"
        program.write_text(f"""
            const text = require('fs').readFileSync({json.dumps(str(host))}, 'utf8');
            const tables = new Function(text + '; return {{ Db: DB_OPTIONS, Collection: COLLECTION_OPTIONS,' +
              ' MongoClient: {{ ...CLIENT_OPTIONS, ...CLIENT_REFUSED, db: 0 }}, HARMLESS }};')();
            const refused = new Set(['addUser', 'mapReduce', 'createSearchIndex', 'createSearchIndexes',
              'dropSearchIndex', 'listSearchIndexes', 'updateSearchIndex', 'collection', '_connect', '_close',
              'asyncDispose']);
            for (const name of ['mongodb4', 'mongodb5', 'mongodb', 'mongodb7']) {{
              const driver = require(name);
              for (const kind of ['Db', 'Collection', 'MongoClient']) {{
                const all = Object.getOwnPropertyDescriptors(driver[kind].prototype);
                for (const [method, {{ value }}] of Object.entries(all)) {{
                  if (typeof value !== 'function' || refused.has(method) || tables.HARMLESS.has(method)) continue;
                  if (!Object.hasOwn(tables[kind], method)) {{ console.log(name, kind, method); continue; }}
                  const words = /\\(([^)]*)/.exec(value.toString())[1].split(',').map((w) => w.split('=')[0].trim());
                  const at = words.findIndex((w) => /^options/.test(w));
                  const same = kind === 'MongoClient' || at < 0 || at === tables[kind][method];
                  if (!same) console.log(name, kind, method, at);
                }}
              }}
            }}""")
        for driver in ("mongodb4", "mongodb5", "mongodb7"):
            self.assertTrue((project.root / "node_modules" / driver).exists())
        result = project.run(program, program=(os.environ.get("WHIMBREL_NODE", "node"),))
        self.assertEqual((0, ""), (result.rc, result.out), str(result))


del TransactionTest  # or unittest would collect it here

if __name__ == "__main__":
    import unittest
    unittest.main()
