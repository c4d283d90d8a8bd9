"""A document that a script fails at costs itself only, or stops the run in good order."""
import os
import signal
import threading
import time

from support.scripts import ScriptTest, quarantined, script, transforms
from support.testcase import on, on_either, wait_until

DOCS = 300


class FailureTest(ScriptTest):
    def fill(self, project, count=DOCS):
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(count)])

    def check_all_but(self, project, bad):
        """Exactly these documents are as they were and in quarantine."""
        left = [d["_id"] for d in project.db.things.find({"$expr": {"$eq": ["$n", "$_id"]}}).sort("_id")
                if d["n"] == d["_id"]]
        self.assertEqual(sorted(bad), left)
        self.assertEqual(sorted(bad), sorted(quarantined(project)))
        for document in project.db.things.find({"_id": {"$nin": list(bad)}}):
            self.assertEqual(-document["_id"] - 1, document["n"])

    def run_bad(self, project, action, bad=(7, 150, 299), options="{ batch: 50 }", **keys):
        """`up` over documents of which some do `action`; returns the messages in quarantine."""
        self.fill(project)
        script(project, transforms(f"if ({list(bad)}.includes(doc._id)) {{ {action} }}"
                                   "  return { $set: { n: -doc.n - 1 } };"), options=options, **keys)
        before = project.raw()
        result = project.exits(3, "up", "--workers", "2", "--max-errors", len(bad))
        self.check_all_but(project, bad)
        errors = {e["_id"]["document"]: e for e in project.db.whimbrel_errors.find()}
        for key in bad:
            self.assertEqual({"_id": key, "n": key}, errors[key]["before"])
            self.assertSaid(errors[key]["message"].splitlines()[0], result)
        messages = quarantined(project)
        project.ok("down")
        self.assertSameBytes(before, project.raw())
        return messages

    @on_either
    def test_a_throw(self, project):
        for message in self.run_bad(project, "doc.x.y;").values():
            self.assertRegex(message, r"^TypeError: Cannot read .* \(line \d+\)$")

    @on_either
    def test_a_rejected_promise(self, project):
        for message in self.run_bad(project, "return Promise.reject(new RangeError('no'));").values():
            self.assertRegex(message, r"^RangeError: no \(line \d+\)$")

    @on_either
    def test_a_thrown_text(self, project):
        for message in self.run_bad(project, "throw 'a text';").values():
            self.assertEqual("it threw a text instead of an Error", message)

    @on_either
    def test_a_promise_that_never_settles(self, project):
        project.config(node={"transformTimeout": "1s"})
        for message in self.run_bad(project, "return new Promise(() => {});").values():
            self.assertIn("did not settle within 1 s", message)

    @on_either
    def test_documents_that_waited_for_hanging_ones_are_not_to_blame(self, project):
        """More hang than may be under way at once: those behind them are asked again, in smaller batches."""
        project.config(node={"transformTimeout": "400ms"})
        messages = self.run_bad(project, "return new Promise(() => {});", bad=(0, 1, 2, 3, 4, 30),
                                options="{ batch: 40, concurrency: 2 }")
        for message in messages.values():
            self.assertIn("did not settle within 0.4 s", message)

    @on_either
    def test_documents_that_are_slow_one_after_the_other_are_not_to_blame(self, project):
        project.config(node={"transformTimeout": "500ms"})
        self.fill(project, 30)
        script(project, "transform(doc) { return new Promise((done) =>"
                        "  setTimeout(done, 60, { $set: { n: -doc.n - 1 } })); }",
               options="{ batch: { docs: 120 }, concurrency: 1 }")
        project.ok("up")
        self.check_all_but(project, [])

    @on_either
    def test_process_exit(self, project):
        for message in self.run_bad(project, "process.exit(3);", bad=(7, 299)).values():
            self.assertRegex(message, r"process\.exit\(3\) was called on line \d+")

    @on_either
    def test_a_crash(self, project):
        for message in self.run_bad(project, "process.kill(process.pid, 'SIGSEGV');", bad=(150,)).values():
            self.assertIn("was killed by signal 11", message)

    @on_either
    def test_an_error_outside_of_the_promise(self, project):
        action = "return new Promise(() => setTimeout(() => { throw new Error('late'); }));"
        for message in self.run_bad(project, action, bad=(33,)).values():
            self.assertRegex(message, r"nobody caught Error: late \(line \d+\)")

    @on_either
    def test_out_of_memory(self, project):
        os.environ["NODE_OPTIONS"] = "--max-old-space-size=48"
        self.addCleanup(os.environ.pop, "NODE_OPTIONS")
        action = "const all = []; for (;;) all.push({ a: [1, 2] });"
        for message in self.run_bad(project, action, bad=(150,)).values():
            self.assertIn("ran out of memory", message)

    @on_either
    def test_what_is_no_result(self, project):
        returned = ["new Date()", "new Map()", "'text'", "7", "true", "{}", "[{ a: 1, b: 2 }]", "[5]",
                    "{ $set: { a: 1 }, b: 2 }", "{ ...doc, _id: 5 }", "{ $set: { _id: 5 } }",
                    "{ $unset: { _id: '' } }", "{ a: 'x'.repeat(17 << 20) }",
                    "{ $set: { a: 'x'.repeat(17 << 20) } }", "[{ $set: { a: { $divide: ['$n', 0] } } }]",
                    "[{ $set: { _id: 9 } }]", "{ $set: { a: 1 }, $inc: { a: 1 } }", "{ $nope: { a: 1 } }",
                    "{ $set: { a: Symbol() } }", "(doc.self = doc, doc)", "() => 1", "10n"]
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(len(returned) + 20)])
        script(project, transforms("const results = [" + ", ".join(f"() => ({r})" for r in returned) + "];"
                                   "return doc._id < results.length ? results[doc._id]()"
                                   "  : { $set: { n: -doc.n - 1 } };"))
        project.run("up", "--max-errors", "100")
        messages = quarantined(project)
        missing = [r for number, r in enumerate(returned) if number not in messages]
        # A Map has no own enumerable keys and a symbol is skipped by BSON: what they are is one's own affair.
        self.assertEqual([], [r for r in missing if r not in ("{ $set: { a: Symbol() } }",)], messages)
        self.assertEqual(20, project.db.things.count_documents({"n": {"$lt": 0}}))
        self.assertIn("a Date", messages[0])
        self.assertIn("cannot be changed", messages[9])

    @on_either
    def test_without_a_budget_the_run_stops_and_goes_on(self, project):
        self.fill(project)
        name = script(project, transforms("if (doc._id === 150 && !doc.mended) throw new Error('not yet');"
                                          "return { $set: { n: -doc.n - 1 } };"), options="{ batch: 50 }")
        result = project.exits(1, "up")
        self.assertSaid('document _id { "$numberInt" : "150" }: not yet (line', result)
        self.assertIn("failed", project.state(name))
        self.assertEqual(0, project.db.whimbrel_errors.count_documents({}))
        project.db.things.update_one({"_id": 150}, {"$set": {"mended": True}})
        project.ok("up")
        self.check_all_but(project, [])

    @on_either
    def test_a_killing_document_without_a_budget_is_named(self, project):
        self.fill(project)
        name = script(project, transforms("if (doc._id === 150) process.exit(1);"
                                          "return { $set: { n: -doc.n - 1 } };"), options="{ batch: 50 }")
        result = project.exits(1, "up")
        for text in (name, '"150"', "process.exit(1) was called on line"):
            self.assertSaid(text, result)

    @on_either
    def test_the_budget_is_exact(self, project):
        self.fill(project)
        script(project, transforms("if (doc._id % 30 === 0) throw new Error('bad');"
                                   "return { $set: { n: -doc.n - 1 } };"), options="{ batch: 20, maxErrors: 9 }")
        project.exits(1, "up", "--workers", "2")
        project.exits(1, "up", "--workers", "2")
        project.exits(3, "up", "--workers", "2", "--max-errors", "10")
        self.check_all_but(project, range(0, DOCS, 30))

    @on_either
    def test_a_step_has_its_own_budget(self, project):
        self.fill(project)
        script(project, transforms("if (doc._id < 3) throw new Error('bad'); return { $set: { n: -doc.n - 1 } };"),
               options="{ maxErrors: '1%' }")
        project.exits(3, "up")
        self.check_all_but(project, range(3))

    @on("replicaset")
    def test_the_budget_survives_conflicts(self, project):
        """Batches that are repeated take nothing twice."""
        self.fill(project)
        script(project, transforms("if (doc._id % 10 === 0) throw new Error('bad');"
                                   "return new Promise((done) => setTimeout(done, 20, { $set: { n: -doc.n - 1 } }));"),
               options="{ batch: 30, concurrency: 100 }")
        ended = threading.Event()

        def write():
            while not ended.is_set():
                project.db.things.update_one({"_id": self.random.randrange(DOCS)}, {"$inc": {"hits": 1}})

        writer = threading.Thread(target=write)
        writer.start()
        try:
            project.exits(3, "up", "--workers", "2", "--max-errors", "30")
        finally:
            ended.set()
            writer.join()
        self.assertEqual(30, len(quarantined(project)))

    @on_either
    def test_a_batch_that_throws_is_halved(self, project):
        self.fill(project)
        script(project, "transformBatch(docs) { return docs.map((doc) => {"
                        "  if (doc._id === 77) throw new TypeError('seventy-seven');"
                        "  return { $set: { n: -doc.n - 1 } }; }); }", options="{ batch: 64 }")
        project.exits(3, "up", "--max-errors", "1")
        self.check_all_but(project, [77])
        self.assertRegex(quarantined(project)[77], r"^TypeError: seventy-seven \(line \d+\)$")

    @on_either
    def test_a_batch_with_another_number_of_results(self, project):
        self.fill(project, 10)
        script(project, "transformBatch(docs) { return docs.slice(1); }")
        result = project.exits(1, "up")
        self.assertSaid("must return an array with one result for each", result)

    @on_either
    def test_code_that_blocks_ends_the_run_resumably(self, project):
        project.config(node={"transformTimeout": "1s"})
        self.fill(project, 20)
        name = script(project, transforms("if (process.env.BLOCK) for (;;) ; return { $set: { n: -doc.n - 1 } };"))
        result = project.exits(1, "up", env={"BLOCK": "1"})
        for text in (name, "batch of 20 documents", "within 1", "node.transformTimeout"):
            self.assertSaid(text, result)
        project.ok("up")
        self.check_all_but(project, [])

    @on_either
    def test_documents_that_the_server_refuses(self, project):
        self.fill(project)
        project.db.command("collMod", "things", validator={"n": {"$ne": -43}})
        script(project, transforms("return { $set: { n: -doc.n - 1 } };"), options="{ batch: 50 }")
        project.exits(3, "up", "--max-errors", "1")
        self.check_all_but(project, [42])

    @on_either
    def test_status_says_how_an_interrupted_run_goes_on(self, project):
        self.fill(project, 30)
        slowly = "await new Promise((done) => setTimeout(done, 30)); return { $set: { n: -doc.n - 1 } };"
        script(project, f"async transform(doc) {{ {slowly} }}",
               f"async revert(doc) {{ if (doc.n >= 0) return null; {slowly} }}",
               options="{ batch: 4, concurrency: 1 }")
        for command, begun, said in (("up", {"n": {"$lt": 0}}, "whimbrel up (it goes on where it stopped)"),
                                     ("down", {"n": {"$gte": 0}}, "finish it first: whimbrel down")):
            running = project.start(command, "--workers", "1")
            wait_until(lambda: project.db.things.count_documents(begun) > 0, "a batch", 30, 0.01)
            running.kill()
            status = project.ok("status")
            self.assertSaid("interrupted", status)
            self.assertSaid(f"Next: {said}", status)
            self.assertEqual(said, project.ok("status", "-o", "json").json()["migrations"][0]["next"])
            project.ok(command)
        self.assertEqual(list(range(30)), [d["n"] for d in project.db.things.find().sort("_id")])

    @on_either
    def test_a_killed_host_costs_nothing(self, project):
        """Somebody kills Node, again and again: no document is to blame."""
        self.fill(project, 80)
        script(project, "async transform(doc) { tell(); await new Promise((done) => setTimeout(done, 40));"
                        "  return { $set: { n: -doc.n - 1 } }; }", options="{ batch: 8, concurrency: 1 }",
               before="let told = false; function tell() { if (!told)"
                      "  require('fs').appendFileSync('hosts', `${process.pid}\\n`); told = true; }")
        hosts = project.root / "hosts"
        hosts.touch()
        running = project.start("up")
        for number in range(5):
            wait_until(lambda: len(hosts.read_text().split()) > number, "the next host works", 60, 0.01)
            # Longer than one document takes: one that is alone at the death of two hosts is to blame.
            time.sleep(0.15 + self.random.random() * 0.2)
            os.kill(int(hosts.read_text().split()[number]), signal.SIGKILL)
        result = running.wait()
        self.assertEqual(0, result.rc, str(result))
        self.check_all_but(project, [])


if __name__ == "__main__":
    import unittest
    unittest.main()
