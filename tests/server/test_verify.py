"""`verify`: whether today's documents are what an applied migration made of them."""
from support.scripts import ScriptTest, script, transforms
from support.testcase import on, on_either

DONE = {"update": "things", "where": {"done": {"$ne": True}},
        "with": [{"$set": {"n": {"$add": [{"$multiply": [2, "$n"]}, 1]}, "done": True}}]}
OPERATORS = {"update": "things", "where": {"done": {"$ne": True}}, "with": {"$inc": {"n": 1}, "$set": {"done": True}}}


class VerifyTest(ScriptTest):
    def applied(self, project, *steps, count=3000, rc=0, **keys):
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(count)])
        if steps:
            project.migration("change", *steps, **keys)
        project.exits(rc, "up")

    def verified(self, project, rc, *args):
        """What it says; it writes nothing, and touches no document."""
        documents, collections = project.raw(), set(project.db.list_collection_names())
        found = project.exits(rc, "verify", "-o", "json", *args).json()
        self.assertSameBytes(documents, project.raw())
        self.assertEqual(collections | {"whimbrel_evidence"}, set(project.db.list_collection_names()))
        self.assertEqual(rc, found["exit"])
        return found

    @on_either
    def test_a_migration_that_did_what_it_says_is_verified(self, project):
        for step in (DONE, OPERATORS):
            with self.subTest(step=step):
                project.empty()
                (project.migrations / "20240101000001-change.yaml").unlink(missing_ok=True)
                project._files = 0
                self.applied(project, step)
                step = self.verified(project, 0, "--full")["steps"][0]
                self.assertEqual((3000, 3000), (step["journal"]["lookedAt"], step["journal"]["asMade"]))
                self.assertEqual(0, step["residual"])
                self.assertEqual(3000, step["documents"]["modified"])

    @on_either
    def test_a_sample_comes_from_the_whole_journal(self, project):
        self.applied(project, DONE)
        self.assertEqual(30, self.verified(project, 0, "--docs", 30)["steps"][0]["journal"]["lookedAt"])

    @on_either
    def test_a_sample_has_as_many_documents_as_were_asked_for_whatever_the_batches(self, project):
        self.applied(project, {**DONE, "batch": {"docs": 400}})
        for docs in (1, 7, 30, 333):
            journal = self.verified(project, 0, "--docs", docs)["steps"][0]["journal"]
            self.assertEqual(docs, journal["lookedAt"])

    @on_either
    def test_what_the_application_did_since_is_told_from_what_went_wrong(self, project):
        self.applied(project, DONE)
        project.db.things.update_many({"_id": {"$lt": 10}}, {"$inc": {"n": 100}})
        project.db.things.delete_many({"_id": {"$gte": 2995}})
        journal = self.verified(project, 0, "--full")["steps"][0]["journal"]
        self.assertEqual((10, 5, 0), (journal["changedSince"], journal["gone"], journal["wrong"]))

    @on_either
    def test_documents_that_are_what_they_were_before_are_named(self, project):
        self.applied(project, {**DONE, "where": {}})
        project.db.things.replace_one({"_id": 7}, {"n": 7})
        journal = self.verified(project, 1, "--full")["steps"][0]["journal"]
        self.assertEqual(1, journal["wrong"])
        self.assertEqual({"$numberInt": "7"}, journal["failures"][0]["_id"])

    @on_either
    def test_documents_that_still_match_are_named(self, project):
        self.applied(project, DONE)
        project.db.things.insert_one({"_id": -1, "n": 0})
        step = self.verified(project, 1)["steps"][0]
        self.assertEqual((1, [{"$numberInt": "-1"}]), (step["residual"], step["residualIds"]))
        self.assertSaid("still match", project.exits(1, "verify"))

    @on_either
    def test_documents_in_quarantine_are_no_residual(self, project):
        project.config(engine={"maxErrors": 1})
        project.db.things.insert_one({"_id": "bad", "n": "text"})
        self.applied(project, DONE, rc=3)
        step = self.verified(project, 3)["steps"][0]
        self.assertEqual((0, 1), (step["residual"], step["documents"]["quarantined"]))

    @on_either
    def test_a_check_that_does_not_hold_any_more_is_named(self, project):
        self.applied(project, {**DONE, "check": [{"all": {"done": True}}, {"none": {"n": -5}}]})
        project.db.things.update_one({"_id": 3}, {"$set": {"n": -5}})
        checks = self.verified(project, 1)["checks"]
        self.assertEqual([True, False], [check["holds"] for check in checks])

    @on_either
    def test_a_script_that_makes_something_else_now_is_found(self, project):
        script(project, transforms("return { $set: { n: doc.n * Number(process.env.FACTOR) } };"))
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(1, 100)])
        project.ok("up", env={"FACTOR": "2"})
        for factor, rc, wrong in (("2", 0, 0), ("3", 1, 99)):
            found = project.exits(rc, "verify", "-o", "json", env={"FACTOR": factor}).json()
            self.assertEqual(wrong, found["steps"][0]["journal"]["wrong"])

    @on_either
    def test_the_time_that_a_script_wrote_may_differ(self, project):
        script(project, transforms("return { $set: { n: 1, deep: { at: new Date() } } };"))
        project.db.things.insert_many([{"_id": k} for k in range(100)])
        project.ok("up")
        self.assertEqual(100, self.verified(project, 0)["steps"][0]["journal"]["asMade"])

    @on_either
    def test_a_delete_and_a_copy_are_compared_too(self, project):
        self.applied(project, {"copy": "things", "to": "copied", "where": {"n": {"$lt": 50}}},
                     {"delete": "things", "where": {"n": {"$gte": 2990}}})
        copied, deleted = self.verified(project, 0, "--full")["steps"]
        self.assertEqual((50, 50), (copied["journal"]["lookedAt"], copied["journal"]["asMade"]))
        self.assertEqual((10, 10), (deleted["journal"]["lookedAt"], deleted["journal"]["asMade"]))

    @on("standalone")
    def test_what_is_not_applied_cannot_be_verified(self, project):
        self.assertSaid("nothing to verify", project.exits(66, "verify"))
        name = project.migration("change", DONE)
        self.assertSaid("is not applied", project.exits(66, "verify", name))

    @on("standalone")
    def test_a_file_that_was_changed_since_is_refused(self, project):
        self.applied(project, DONE)
        project.migration("20240101000001-change.yaml", {**DONE, "where": {}})
        self.assertSaid("was changed since", project.exits(1, "verify"))
