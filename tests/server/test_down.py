"""up and down are the original, byte for byte, and only where a document still is what up made of it."""
from support import documents
from support.project import RAW
from support.testcase import ServerTest, on_both

PIPELINE = {"update": "things", "with": [
    {"$set": {"a": {"$type": "$a"}, "n": {"$add": [{"$multiply": ["$n", 2]}, 1]}, "new.inner": "$b"}},
    {"$unset": ["c", "d"]},
    {"$set": {"e": ["$e", "$f"], "g.h": 1}},
]}
OPERATORS = {"update": "things", "with": {
    "$set": {"a": {"x": {"$numberDecimal": "1.10"}}, "zz": None}, "$unset": {"b": "", "c": ""},
    "$rename": {"d": "dd"}, "$inc": {"n": {"$numberLong": "5"}}}}
REPLACE = {"update": "things", "with": [{"$replaceWith": {"_id": "$_id", "all": "$$ROOT", "n": 1}}]}


class DownTest(ServerTest):
    def fill(self, project, count=600):
        project.config(engine={"workers": 2, "batch": {"docs": 50}})
        things = project.db.get_collection("things", codec_options=RAW)
        documents.insert(things, documents.documents(self.random, count))
        return project.raw()

    def up_and_down(self, project, *steps):
        before = self.fill(project)
        project.migration("change", *steps)
        project.ok("up")
        after = project.raw()
        self.assertNotEqual(before, after)
        project.ok("down")
        self.assertSameBytes(before, project.raw())
        project.ok("up")
        self.assertSameBytes(after, project.raw(), "after the second up")
        project.ok("down")
        self.assertSameBytes(before, project.raw(), "after the second down")

    @on_both
    def test_a_pipeline_over_many_fields_is_undone_byte_for_byte(self, project):
        self.up_and_down(project, PIPELINE)

    @on_both
    def test_update_operators_are_undone_byte_for_byte(self, project):
        self.up_and_down(project, OPERATORS)

    @on_both
    def test_scratch_collections_that_a_killed_attempt_left_are_dropped_by_up_and_by_down(self, project):
        project.db.things.insert_many({"_id": k, "n": "text" if k == 7 else k} for k in range(10))
        project.migration("change", OPERATORS)
        for command in ("up", "down"):
            with self.subTest(command=command):
                project.exits(1, "up")  # it cannot add to a text
                run = project.db.whimbrel_runs.find_one(sort=[("startedAt", -1)])["_id"]
                project.db.create_collection(f"whimbrel_scratch_{run}_65f000000000000000000000")
                if command == "up":
                    project.db.things.update_one({"_id": 7}, {"$set": {"n": 7}})
                project.ok(command)
                self.assertEqual([], [name for name in project.db.list_collection_names() if "scratch" in name])
                if command == "up":
                    project.ok("down")
                    project.db.things.update_one({"_id": 7}, {"$set": {"n": "text"}})

    @on_both
    def test_a_replaced_document_is_undone_byte_for_byte(self, project):
        self.up_and_down(project, REPLACE)

    @on_both
    def test_two_changes_of_one_collection_are_undone_in_turn(self, project):
        self.up_and_down(project, PIPELINE, REPLACE)

    @on_both
    def test_a_deletion_is_undone_byte_for_byte(self, project):
        self.up_and_down(project, {"delete": "things", "where": {"n": {"$lt": 500}}})

    @on_both
    def test_a_deletion_of_everything_is_undone(self, project):
        self.up_and_down(project, {"delete": "things", "where": {}})

    def options_of(self, project):
        things = project.db.command("listCollections", filter={"name": "things"})["cursor"]["firstBatch"][0]
        indexes = project.db.command("listIndexes", "things")["cursor"]["firstBatch"]
        return things["options"], sorted(indexes, key=lambda index: index["name"])

    @on_both
    def test_every_change_of_options_and_indexes_is_undone(self, project):
        changes = ({"index": {"name": "at_1", "expireAfterSeconds": 3600}},
                   {"index": {"keyPattern": {"at": 1}, "expireAfterSeconds": 3600, "hidden": True}},
                   {"index": {"name": "ttl_1", "expireAfterSeconds": 9000}},
                   {"index": {"name": "ttl_1", "hidden": True}},
                   {"index": {"name": "at_1", "prepareUnique": True}},
                   {"validator": {"n": {"$exists": True}}, "validationLevel": "moderate"},
                   {"changeStreamPreAndPostImages": {"enabled": True}})
        for change in changes:
            with self.subTest(change=change):
                project.empty()
                project.db.things.create_index("at", sparse=True)
                project.db.things.create_index("ttl", expireAfterSeconds=60)
                project.db.things.insert_one({"_id": 1, "n": 1})
                before = self.options_of(project)
                project.migration("20240101000000-change.yaml", {"collMod": "things", **change})
                project.ok("up")
                self.assertNotEqual(before, self.options_of(project))
                project.ok("down")
                after = self.options_of(project)
                after[0].pop("changeStreamPreAndPostImages", None)  # said to be off, where nothing was said
                defaults = {"validator": {}, "validationLevel": "strict", "validationAction": "error"}
                left = {key: value for key, value in after[0].items() if value != defaults.get(key)}
                self.assertEqual(before, (left, after[1]))

    @on_both
    def test_a_copy_is_byte_for_byte_and_undone(self, project):
        before = self.fill(project)
        project.migration("copy", {"copy": "things", "to": "copies"})
        project.ok("up")
        self.assertSameBytes(before, project.raw("copies"))
        self.assertSameBytes(before, project.raw())
        project.ok("down")
        self.assertEqual([], project.raw("copies"))
        self.assertSameBytes(before, project.raw())

    @on_both
    def test_a_copy_leaves_what_was_in_the_target(self, project):
        project.db.copies.insert_one({"_id": "mine", "n": 1})
        self.fill(project, 100)
        project.migration("copy", {"copy": "things", "to": "copies", "where": {"n": {"$gte": 500}}})
        project.ok("up")
        project.ok("down")
        self.assertEqual([{"_id": "mine", "n": 1}], list(project.db.copies.find()))

    @on_both
    def test_documents_changed_since_are_listed_and_not_clobbered(self, project):
        before = self.fill(project, 100)
        project.migration("change", PIPELINE)
        project.ok("up")
        project.db.things.update_one({"_id": 17}, {"$set": {"mine": "kept"}})
        project.db.things.delete_one({"_id": 18})
        seventeen = project.raw()[17]
        result = project.run("down")
        self.assertSaid("17", result)
        self.assertSaid("changed", result)
        after = project.raw()
        self.assertEqual(seventeen, after[17], "the changed document is left alone")
        kept = [raw for number, raw in enumerate(before) if number not in (17, 18)]
        self.assertSameBytes(kept, after[:17] + after[18:])
        self.assertEqual(0, project.db.things.count_documents({"_id": 18}))

    @on_both
    def test_the_journal_goes_with_down(self, project):
        self.fill(project, 100)
        project.migration("change", PIPELINE)
        project.ok("up")
        self.assertGreater(project.db.whimbrel_journal.count_documents({}), 0)
        project.ok("down")
        self.assertEqual(0, project.db.whimbrel_journal.count_documents({}))
        self.assertEqual(0, project.db.changelog.count_documents({}))

    @on_both
    def test_blocks_are_undone_together(self, project):
        self.fill(project, 20)
        first = project.migration("first", {"insert": "other", "documents": [{"_id": 1}]})
        project.ok("up")
        second = project.migration("second", {"insert": "other", "documents": [{"_id": 2}]})
        third = project.migration("third", {"insert": "other", "documents": [{"_id": 3}]})
        project.ok("up")
        result = project.ok("down", "--block")
        self.assertEqual([f"MIGRATED DOWN: {third}", f"MIGRATED DOWN: {second}"],
                         [line for line in result.out.splitlines() if line.startswith("MIGRATED")])
        self.assertEqual({first: "applied", second: "pending", third: "pending"}, project.states())


if __name__ == "__main__":
    import unittest
    unittest.main()
