"""The sample in a plan: what would become of a document, computed without a write."""
import re

from support.scripts import ScriptTest, script, transforms
from support.testcase import on_both

HARMLESS = {"aggregate", "find", "hello", "listCollections", "listIndexes", "ping", "profile", "count",
            "endSessions", "abortTransaction", "getMore", "killCursors", "collStats"}


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

if __name__ == "__main__":
    import unittest
    unittest.main()
