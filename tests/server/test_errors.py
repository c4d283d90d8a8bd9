"""Failure is an answer: bad documents, failed checks, servers that say no."""
import math

from support.testcase import ServerTest, on, on_either

ADD = {"update": "things", "with": [{"$set": {"n": {"$add": ["$n", 1]}, "done": True}}]}


class ErrorTest(ServerTest):
    def fill(self, project, bad=(), count=2000, **engine):
        project.config(engine={"workers": 2, "batch": {"docs": 100}, **engine})
        project.db.things.insert_many(
            [{"_id": k, "n": f"text {k}" if k in bad else k} for k in range(count)])

    @on_either
    def test_a_bad_document_costs_itself_only(self, project):
        bad = set(self.random.sample(range(2000), 5))
        self.fill(project, bad, maxErrors=5)
        name = project.migration("add", ADD)
        result = project.exits(3, "up")
        self.assertEqual("applied", project.state(name))
        self.assertEqual(1995, project.db.things.count_documents({"done": True}))
        for document in project.db.things.find({"done": True}):
            self.assertEqual(document["_id"] + 1, document["n"])
        quarantined = list(project.db.whimbrel_errors.find())
        self.assertEqual(5, len(quarantined))
        self.assertSaid("quarantined", result)

    @on_either
    def test_the_errors_are_counted_in_the_summary(self, project):
        self.fill(project, {3, 4}, maxErrors=2)
        project.migration("add", ADD)
        summary = project.exits(3, "up", "-o", "json").json()
        self.assertEqual(2, summary["documents"]["quarantined"])
        self.assertEqual(1998, summary["documents"]["modified"])

    @on_either
    def test_beyond_the_error_budget_the_migration_fails_and_names_the_documents(self, project):
        self.fill(project, {1500, 1501})
        name = project.migration("add", ADD)
        result = project.exits(1, "up")
        self.assertIn(project.state(name), ("failed", "interrupted"))
        self.assertTrue("1500" in result.err + result.out or "1501" in result.err + result.out, str(result))

    @on_either
    def test_the_first_ten_errors_are_in_the_record_whether_it_ends_or_fails(self, project):
        self.fill(project, set(range(12)), maxErrors=11)
        project.migration("add", ADD)
        failed = project.exits(1, "up", "-o", "json")
        self.assertEqual(10, len(failed.json()["errors"]))
        self.assertIn("$add only supports numeric or date types", failed.json()["errors"][0])
        self.assertEqual(11, failed.json()["documents"]["quarantined"])
        project.config(engine={"maxErrors": 12})
        done = project.exits(3, "up")
        self.assertIn("first 10 errors:", done.err)
        self.assertEqual(10, done.err.count(": _id "))

    @on_either
    def test_a_failed_migration_goes_on_when_the_documents_are_mended(self, project):
        self.fill(project, {1500})
        name = project.migration("add", ADD)
        project.exits(1, "up")
        project.db.things.update_one({"_id": 1500}, {"$set": {"n": 1500}})
        project.ok("up")
        self.assertEqual("applied", project.state(name))
        for document in project.db.things.find():
            self.assertEqual(document["_id"] + 1, document["n"], document)

    @on_either
    def test_a_failed_migration_can_be_undone(self, project):
        self.fill(project, {1500})
        before = project.raw()
        project.migration("add", ADD)
        project.exits(1, "up")
        project.ok("down")
        self.assertSameBytes(before, project.raw())

    @on_either
    def test_an_error_share_is_a_budget_too(self, project):
        self.fill(project, {5, 6, 7}, maxErrors="0.5%")
        project.migration("add", ADD)
        project.exits(3, "up")

    @on_either
    def test_an_error_share_is_of_the_documents_that_match(self, project):
        self.fill(project, {5, 6, 7}, maxErrors="1%")
        project.migration("add", {**ADD, "where": {"_id": {"$lt": 200}, "done": {"$ne": True}}})
        project.exits(1, "up")  # three of 200, in a collection of 2,000
        project.db.things.update_one({"_id": 7}, {"$set": {"n": 7}})
        project.exits(3, "up")  # two of them, also when most are done
        self.assertEqual(198, project.db.things.count_documents({"done": True}))

    @on_either
    def test_a_later_migration_does_not_fall_over_what_is_in_quarantine(self, project):
        self.fill(project, {5, 6}, maxErrors=2)
        first = project.migration("add", ADD)
        project.exits(3, "up")
        second = project.migration("mark", {"update": "things", "with": {"$set": {"marked": True}}})
        self.assertEqual(0, project.run("up").rc)
        self.assertEqual("applied", project.state(second))
        self.assertEqual(2000, project.db.things.count_documents({"marked": True}))
        rows = project.ok("status", "-o", "json").json()["migrations"]
        self.assertEqual([2], [row["documents"]["quarantined"] for row in rows if row["file"] == first])

    def batches_tried(self, project, bad):
        """How often the one lane read documents of 4,000, with this one bad among them."""
        project.empty()
        project.db.things.insert_many([{"_id": k, "n": "text" if k == bad else k} for k in range(4000)])
        project.db.command("profile", 2)
        project.exits(0 if bad is None else 3, "up")
        project.db.command("profile", 0)
        reads = {"ns": project.db.things.full_name, "command.find": "things", "command.sort": {"$exists": True}}
        return project.db["system.profile"].count_documents(reads)

    @on("replicaset")
    def test_one_bad_document_of_n_costs_at_most_log2_n_and_two_batches_more(self, project):
        project.config(engine={"workers": 1, "batch": {"docs": 1000, "time": "10s"}, "maxErrors": 1})
        project.migration("add", ADD)
        usual = self.batches_tried(project, None)
        for bad in (1750, 2000, 2249, 2250, 2749):  # a full batch is from 1,750 or 1,749 on
            with self.subTest(bad=bad):
                more = self.batches_tried(project, bad) - usual
                # Two more until batches are as large as they were.
                self.assertLessEqual(more, math.ceil(math.log2(1000)) + 2 + 2)

    @on_either
    def test_a_document_that_the_validator_refuses_is_quarantined(self, project):
        project.config(engine={"maxErrors": 1})
        project.db.create_collection("things", validator={"n": {"$lt": 100}}, validationAction="error")
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(100)])
        project.migration("add", ADD)
        project.exits(3, "up")
        self.assertEqual(99, project.db.things.count_documents({"done": True}))

    @on_either
    def test_a_duplicate_key_costs_its_document_only(self, project):
        project.config(engine={"maxErrors": 1})
        project.db.things.create_index("u", unique=True, sparse=True)
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(50)] + [{"_id": -1, "u": 7}])
        project.migration("u", {"update": "things", "where": {"n": {"$exists": True}},
                                "with": [{"$set": {"u": "$n"}}]})
        project.exits(3, "up")
        self.assertEqual(50, project.db.things.count_documents({"u": {"$exists": True}}))

    @on_either
    def test_after_a_failure_the_later_migrations_do_not_run(self, project):
        self.fill(project, {3}, 10)
        project.migration("add", ADD)
        later = project.migration("later", {"insert": "other", "documents": [{"_id": 1}]})
        project.exits(1, "up")
        self.assertEqual("pending", project.state(later))
        self.assertEqual(0, project.db.other.count_documents({}))

    @on_either
    def test_one_bad_file_among_many_stops_before_anything_is_touched(self, project):
        self.fill(project, count=10)
        project.migration("add", ADD)
        project.migration("20990101000000-bad.yaml", text="steps:\n  - update: things\n    wiht: []\n")
        before = project.raw()
        result = project.exits(65, "up")
        self.assertRegex(result.err, r"20990101000000-bad\.yaml:3:\d+")
        self.assertSameBytes(before, project.raw())
        self.assertNotIn("changelog", project.db.list_collection_names())

    @on_either
    def test_without_a_journal_a_change_that_does_not_end_its_where_is_refused(self, project):
        self.fill(project, count=50, journal="off")
        before = project.raw()
        project.migration("add", ADD)
        result = project.run("up")
        self.assertIn(result.rc, (1, 65), str(result))
        self.assertSaid("where", result, "err")
        self.assertSameBytes(before, project.raw())

    @on_either
    def test_without_a_journal_a_change_that_ends_its_where_runs(self, project):
        self.fill(project, journal="off")
        project.migration("add", {**ADD, "where": {"done": {"$ne": True}}})
        project.ok("up")
        for document in project.db.things.find():
            self.assertEqual(document["_id"] + 1, document["n"], document)

    @on("standalone")
    def test_a_transaction_on_a_standalone_server_is_refused_with_the_reason(self, project):
        project.migration("both", {"insert": "a", "documents": [{"_id": 1}]},
                          {"insert": "b", "documents": [{"_id": 1}]}, transaction=True)
        result = project.run("up")
        self.assertIn(result.rc, (1, 65), str(result))
        self.assertSaid("replica set", result, "err")
        self.assertEqual(0, project.db.a.count_documents({}))

    @on("replicaset")
    def test_a_transaction_is_all_or_nothing(self, project):
        project.db.a.insert_one({"_id": 0})
        project.db.b.insert_one({"_id": 1})
        project.migration("both", {"insert": "a", "documents": [{"_id": 1}]},
                          {"insert": "b", "documents": [{"_id": 1}]}, transaction=True)
        project.exits(1, "up")
        self.assertEqual(0, project.db.a.count_documents({"_id": 1}))


if __name__ == "__main__":
    import unittest
    unittest.main()
