"""The sample in a plan: what would become of a document, computed without a write."""
import re

from support.scripts import ScriptTest, script, transforms
from support.testcase import on_both

HARMLESS = {"aggregate", "find", "hello", "listCollections", "listIndexes", "ping", "profile", "count",
            "endSessions", "abortTransaction", "getMore", "killCursors", "collStats", "explain"}


def identity(number):
    return f"_id {number}"


class PlanTest(ScriptTest):
    def plan(self, project, *parts, docs=({"_id": 1, "a": 1},), **keys):
        script(project, *parts, **keys)
        project.db.things.insert_many([dict(doc) for doc in docs])
        return project.ok("plan", "-o", "json").json()["migrations"][0]["steps"][0]

    @on_both
    def test_a_returned_document_is_shown_as_a_typed_difference(self, project):
        step = self.plan(project, transforms("return { a: String(doc.a), b: true };"))
        self.assertEqual([identity(1), '~ a: 1 int -> "1" string', "+ b: true bool"], step["sample"])

    @on_both
    def test_literal_operators_are_shown_as_a_typed_difference(self, project):
        step = self.plan(project, transforms("return { $set: { b: 2.5 }, $unset: { a: '' } };"))
        self.assertEqual([identity(1), "- a: 1 int", "+ b: 2.5 double"], step["sample"])

    @on_both
    def test_a_pipeline_is_computed_by_the_server(self, project):
        step = self.plan(project, transforms("return [{ $set: { b: { $add: ['$a', 1] } } }];"))
        self.assertEqual([identity(1), "+ b: 2 int"], step["sample"])

    @on_both
    def test_operators_that_only_the_server_can_apply_are_shown_as_they_are(self, project):
        step = self.plan(project, transforms("return { $inc: { a: 1 } };"))
        self.assertEqual([identity(1), 'the server applies { "$inc" : { "a" : 1 } }'], step["sample"])

    @on_both
    def test_the_first_document_that_changes_is_the_sample(self, project):
        step = self.plan(project, transforms("if (doc.a === 3) return { $set: { b: 1 } };"),
                         docs=[{"_id": i, "a": i} for i in range(5)])
        self.assertEqual([identity(3), "+ b: 1 int"], step["sample"])

    @on_both
    def test_documents_that_all_stay_as_they_are_are_said(self, project):
        step = self.plan(project, transforms(""))
        self.assertEqual(["the first documents (1) stay as they are"], step["sample"])

    @on_both
    def test_a_document_that_cannot_be_migrated_is_a_warning(self, project):
        step = self.plan(project, transforms("if (doc.a === 1) throw new Error('no'); return { b: 1 };"),
                         docs=[{"_id": 1, "a": 1}, {"_id": 2}])
        self.assertIn(identity(2), step["sample"])
        self.assertRegex(" ".join(step["warnings"]), re.escape(identity(1)) + " cannot be migrated: no")

    @on_both
    def test_a_setup_that_fails_is_a_warning(self, project):
        step = self.plan(project, transforms("return { b: 1 };"),
                         setup="async () => { throw new Error('no models'); }")
        self.assertRegex(" ".join(step["warnings"]), "trying the transform failed: .*no models")

    @on_both
    def test_trying_a_transform_writes_nothing(self, project):
        script(project, transforms("return { $inc: { a: 1 } };"))
        project.db.things.insert_one({"_id": 1, "a": 1})
        before = set(project.db.list_collection_names()) | {"system.profile"}
        project.db.command({"profile": 2})
        project.ok("plan")
        project.db.command({"profile": 0})
        for entry in project.db["system.profile"].find():
            self.assertNotIn(entry["op"], ("insert", "update", "remove"))
            if entry["op"] == "command":
                self.assertTrue(HARMLESS & set(entry["command"]), entry["command"])
        self.assertEqual(before, set(project.db.list_collection_names()))

    @on_both
    def test_the_index_that_a_batch_is_read_by_is_named_with_what_it_examines(self, project):
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(100)])
        project.migration("change", {"update": "things", "where": {"n": {"$gte": 90}}, "with": {"$set": {"b": 1}}})
        step, = project.ok("plan", "-o", "json").json()["migrations"][0]["steps"]
        self.assertEqual({"index": "_id_", "examined": 100, "found": 10}, step["reads"])
        self.assertSaid("reads: by index _id_; 100 documents examined for 10 that match", project.ok("plan"), "out")
        project.db.things.delete_many({})
        step, = project.ok("plan", "-o", "json").json()["migrations"][0]["steps"]
        self.assertIsNone(step["reads"])

    @on_both
    def test_what_is_rehearsed_is_judged_by_when_it_should_be_done(self, project):
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(2000)])
        name = project.migration("change", {"update": "things", "with": {"$set": {"b": 1}}})

        def end(*args):
            return project.ok("plan", "-o", "json", *args).json()["end"]
        self.assertEqual(("unknown", [name]), (end("--finish-by", "2099-01-01")["inTime"], end()["unknown"]))
        project.ok("rehearse")
        self.assertEqual(("likely", None), (end("--finish-by", "2099-01-01")["inTime"], end()["inTime"]))
        self.assertEqual("unlikely", end("--finish-by", "2020-01-01")["inTime"])
        self.assertEqual("likely", end("--max-time", "12h")["inOneGo"])
        self.assertEqual("unlikely", end("--max-time", "1ms")["inOneGo"])
        self.assertLess(end()["p50"], end()["p90"])
        said = project.ok("plan", "--finish-by", "06:00 Europe/Berlin", "--window", "22:00-06:00 Europe/Berlin").out
        self.assertRegex(said, r"end: the window 22:00-06:00 Europe/Berlin is (open|closed) now")
        self.assertRegex(said, r"end: done by \w{3} \S+ 06:00:00 Europe/Berlin: likely: nine of ten")
        project.exits(64, "plan", "--finish-by", "soon")
        project.exits(64, "plan", "--window", "at night")
        self.assertEqual(0, project.db.things.count_documents({"b": 1}))

    def saved(self, project, *args):
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(20)])
        file = project.migration("change", {"update": "things", "with": [{"$set": {"n": {"$add": ["$n", 1]}}}]})
        project.ok("plan", "--out", "plan.json", *args)
        return file

    def refused(self, project, *words):
        result = project.exits(1, "up", "--plan", "plan.json")
        self.assertIn("the plan does not hold any more", result.err)
        for word in words:
            self.assertIn(word, result.err)
        self.assertEqual(list(range(20)), sorted(document["n"] for document in project.db.things.find()))
        self.assertEqual(0, project.db.changelog.count_documents({}))

    @on_both
    def test_up_does_what_a_plan_says_with_its_options(self, project):
        self.saved(project, "--workers", "2", "--max-errors", "10%")
        later = project.migration("later", {"update": "things", "with": {"$set": {"later": True}}})
        self.refused(project, f"migrations {later} was nothing and is")
        (project.migrations / later).unlink()
        self.assertIn("Next: whimbrel up --plan next.json", project.ok("plan", "--out", "next.json").err)
        project.ok("up", "--plan", "plan.json")
        self.assertEqual(list(range(1, 21)), sorted(document["n"] for document in project.db.things.find()))
        started = project.db.whimbrel_audit.find_one({"action": "run.started"})
        self.assertEqual({"workers": 2, "maxErrorsShare": 0.1}, started["options"])
        self.assertIn("migrations", project.exits(1, "up", "--plan", "plan.json").err)  # it is applied now

    @on_both
    def test_a_plan_is_refused_when_file_engine_environment_or_database_changed(self, project):
        file = self.saved(project)
        path = project.migrations / file
        text = path.read_text()
        path.write_text(text + "# another thought\n")
        self.refused(project, f"migrations {file} sha256 was")
        path.write_text(text)
        project.config(engine={"batch": {"docs": 7}}, environments={"qa": {}})
        self.refused(project, "engine batchDocs was 1000 and is 7")
        project.config(environments={"qa": {}})
        self.assertIn("environment was", project.exits(1, "up", "--plan", "plan.json", "-e", "qa").err)
        other = project.db.client[project.db.name + "_other"]
        self.addCleanup(other.client.drop_database, other.name)
        self.assertIn("database was", project.exits(1, "up", "--plan", "plan.json", "-d", other.name).err)
        project.ok("up", "--plan", "plan.json")

    @on_both
    def test_a_plan_names_the_run_that_it_goes_on_with(self, project):
        project.db.things.insert_one({"_id": 5, "n": "text"})
        project.migration("change", {"update": "things", "with": [{"$set": {"n": {"$add": ["$n", 1]}}}]})
        project.ok("plan", "--out", "before.json")
        project.exits(1, "up")
        self.assertIn("run was nothing and is", project.exits(1, "up", "--plan", "before.json").err)
        project.ok("plan", "--out", "after.json")
        project.db.things.update_one({"_id": 5}, {"$set": {"n": 5}})
        project.ok("up", "--plan", "after.json")

    @on_both
    def test_a_plan_is_whole_and_comes_without_other_options(self, project):
        self.saved(project)
        project.exits(64, "up", "--plan", "plan.json", "--workers", "2")
        project.exits(64, "up", "--plan", "plan.json", "--to", "change")
        project.exits(66, "up", "--plan", "nowhere.json")
        text = (project.root / "plan.json").read_text()
        for damaged in (text[:-30], "[]", "", text.replace('"type":"plan"', '"type":"poem"')):
            (project.root / "plan.json").write_text(damaged)
            project.exits(65, "up", "--plan", "plan.json")
        self.assertEqual(*(re.sub(r'"oplog":{[^}]*}', "what is written meanwhile", saved)
                           for saved in (text, project.ok("plan", "--out", "-").out)))


if __name__ == "__main__":
    import unittest
    unittest.main()
