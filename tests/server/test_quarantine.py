"""Quarantine: what could not be migrated is listed, exported, and tried again when it is mended."""
import json

from support.scripts import ScriptTest, script, transforms
from support.testcase import on_both, wait_until

TWICE = {"update": "things", "with": [{"$set": {"n": {"$add": [{"$multiply": ["$n", 2]}, 1]}}}]}


def number(value):
    """An integer in canonical Extended JSON."""
    return int(value["$numberInt"])


class QuarantineTest(ScriptTest):
    def fill(self, project, bad, count=200, engine=None):
        """Documents with `n` = `_id`; those in `bad` have a text there, which the server cannot multiply."""
        project.config(engine={"workers": 2, "batch": {"docs": 50}, "maxErrors": len(bad), **(engine or {})})
        project.db.things.insert_many([{"_id": k, "n": f"text {k}" if k in bad else k} for k in range(count)])

    def quarantine(self, project, bad, count=200):
        self.fill(project, bad, count)
        name = project.migration("twice", TWICE)
        project.exits(3, "up")
        return name

    def mend(self, project, ids):
        for k in ids:
            project.db.things.update_one({"_id": k}, {"$set": {"n": k}})

    def assertTwice(self, project, but=()):
        wrong = [d for d in project.db.things.find() if d["n"] != 2 * d["_id"] + 1 and d["_id"] not in but]
        self.assertEqual([], wrong)

    @on_both
    def test_they_are_listed_with_id_code_and_reason(self, project):
        name = self.quarantine(project, {7, 70})
        result = project.ok("errors")
        for word in (name, '_id { "$numberInt" : "7" }:', '"70"', "2 documents", "multiply"):
            self.assertSaid(word, result, "out")
        rows = project.ok("errors", "twice", "-o", "json").json()["documents"]
        self.assertEqual([7, 70], [number(row["_id"]) for row in rows])
        for row in rows:
            self.assertEqual((name, 0, False), (row["migration"], row["step"], row["ambiguous"]))
            self.assertNotEqual(0, row["code"])
        self.assertEqual(rows, project.ok("errors", "-o", "ndjson").events())

    @on_both
    def test_without_any_the_list_says_so(self, project):
        project.migration("twice", TWICE)
        project.ok("up")
        self.assertSaid("no documents are in quarantine", project.ok("errors"), "out")

    @on_both
    def test_a_name_that_is_no_migration_is_66_with_a_suggestion(self, project):
        name = self.quarantine(project, {7})
        result = project.exits(66, "errors", name.replace("twice", "twyce"))
        self.assertSaid("did you mean", result)

    @on_both
    def test_group_puts_one_reason_in_one_row(self, project):
        name = self.fill(project, ()) or script(
            project, transforms("if (doc.n % 50 === 0) throw new Error(`bad value ${doc.n}`);"
                                "if (doc.n === 3) throw new Error('other'); return { $set: { m: 1 } };"))
        project.exits(3, "up", "--max-errors", "10")
        rows = project.ok("errors", "--group", "-o", "json").json()["documents"]
        self.assertEqual([(4, "bad value"), (1, "other")], [(r["documents"], r["message"].split(" (")[0][:9]) for r in rows])
        self.assertEqual([0, 50, 100], [number(value) for value in rows[0]["examples"]])
        result = project.ok("errors", "--group")
        self.assertSaid(name, result, "out")
        self.assertSaid("for example _id", result, "out")

    @on_both
    def test_export_writes_them_with_their_pre_images(self, project):
        self.quarantine(project, {7, 70})
        project.ok("errors", "--export", "bad.json")
        rows = [json.loads(line) for line in (project.root / "bad.json").read_text().splitlines()]
        self.assertEqual([7, 70], [number(row["before"]["_id"]) for row in rows])
        self.assertEqual("text 7", rows[0]["before"]["n"])
        self.assertEqual(rows, project.ok("errors", "--export", "-").events())

    @on_both
    def test_an_export_that_cannot_be_written_is_73_and_leaves_nothing(self, project):
        self.quarantine(project, {7})
        project.exits(73, "errors", "--export", "no/such/folder/bad.json")
        (project.root / "taken").mkdir()
        project.exits(73, "errors", "--export", "taken")
        self.assertEqual([], list(project.root.glob("*.part")))

    @on_both
    def test_mended_documents_are_migrated_and_leave_quarantine(self, project):
        name = self.quarantine(project, {7, 70})
        self.mend(project, (7, 70))
        result = project.ok("errors", "--retry")
        self.assertSaid("migrated 2", result, "out")
        self.assertTwice(project)
        self.assertEqual(0, project.db.whimbrel_errors.count_documents({}))
        row = project.ok("status", "-o", "json").json()["migrations"][0]
        self.assertEqual((name, 200, 200, 0), (row["file"], row["documents"]["done"],
                                               row["documents"]["modified"], row["documents"]["quarantined"]))
        self.assertEqual(0, project.db.changelog.find_one()["errors"])
        project.ok("up")
        self.assertTwice(project)

    @on_both
    def test_what_fails_again_stays_with_its_new_reason(self, project):
        self.quarantine(project, {7, 70})
        self.mend(project, (7,))
        project.db.things.update_one({"_id": 70}, {"$set": {"n": [1]}})
        result = project.exits(3, "errors", "--retry", "-o", "json").json()
        self.assertEqual((1, 1, 3), (result["migrated"], result["left"], result["exit"]))
        left = list(project.db.whimbrel_errors.find())
        self.assertEqual([70], [error["_id"]["document"] for error in left])
        self.assertIn("array", left[0]["message"])
        self.assertTwice(project, but=(70,))
        self.mend(project, (70,))
        project.ok("errors", "--retry", "twice")
        self.assertTwice(project)

    @on_both
    def test_documents_that_are_gone_or_match_no_more_leave_quarantine(self, project):
        self.fill(project, {7, 70})
        project.migration("twice", {**TWICE, "where": {"skip": {"$ne": True}}})
        project.exits(3, "up")
        project.db.things.delete_one({"_id": 7})
        project.db.things.update_one({"_id": 70}, {"$set": {"skip": True}})
        result = project.ok("errors", "--retry", "-o", "json").json()
        self.assertEqual((0, 2, 0), (result["migrated"], result["gone"], result["left"]))

    @on_both
    def test_down_restores_retried_documents_with_the_others(self, project):
        self.quarantine(project, {7, 70})
        self.mend(project, (7, 70))
        project.ok("errors", "--retry")
        project.ok("down")
        self.assertEqual(list(range(200)), [d["n"] for d in project.db.things.find().sort("_id")])
        self.assertEqual(0, project.db.whimbrel_errors.count_documents({}))
        self.assertEqual(0, project.db.whimbrel_journal.count_documents({}))

    @on_both
    def test_a_retry_killed_at_any_moment_goes_on_and_doubles_nothing(self, project):
        bad = set(range(0, 600, 2))
        self.quarantine(project, bad, 600)
        self.mend(project, bad)
        for done in sorted(self.random.sample(range(0, 280), 8)):
            retry = project.start("errors", "--retry", "--wait", "60s")
            wait_until(lambda: not retry.alive
                       or project.db.whimbrel_ranges.count_documents({"retry": True, "done": True}) > done,
                       f"{done} documents are retried")
            retry.kill()
        project.ok("errors", "--retry", "--wait", "60s")
        self.assertTwice(project)
        self.assertEqual(0, project.db.whimbrel_errors.count_documents({}))
        counts = project.ok("status", "-o", "json").json()["migrations"][0]["documents"]
        self.assertEqual((600, 600, 0), (counts["done"], counts["modified"], counts["quarantined"]))

    @on_both
    def test_an_open_run_is_left_to_up(self, project):
        self.fill(project, {7, 70}, engine={"maxErrors": 1})
        project.migration("twice", TWICE)
        project.exits(1, "up")
        recorded = project.db.whimbrel_errors.count_documents({})
        self.mend(project, (7, 70))
        if recorded:
            self.assertSaid("whimbrel up", project.exits(3, "errors", "--retry"))
        project.exits(3 if recorded else 0, "up")
        project.ok("errors", "--retry")
        self.assertTwice(project)

    @on_both
    def test_a_changed_file_is_not_retried(self, project):
        name = self.quarantine(project, {7})
        project.migration(name, TWICE, description="changed")
        self.mend(project, (7,))
        before = project.raw()
        self.assertSaid("changed", project.exits(3, "errors", "--retry"))
        self.assertSameBytes(before, project.raw())

    @on_both
    def test_a_transform_is_asked_again(self, project):
        self.fill(project, {7, 70})
        script(project, transforms("if (typeof doc.n !== 'number') throw new Error('no number');"
                                   "return { n: 2 * doc.n + 1 };"))
        project.exits(3, "up")
        self.mend(project, (7, 70))
        project.ok("errors", "--retry")
        self.assertTwice(project)
        project.ok("down")
        self.assertEqual(list(range(200)), [d["n"] for d in project.db.things.find().sort("_id")])

    @on_both
    def test_a_held_lock_keeps_a_retry_out(self, project):
        self.quarantine(project, {7})
        self.mend(project, (7,))
        project.db.changelog_lock.insert_one({"createdAt": None})
        project.exits(75, "errors", "--retry")
        self.assertEqual(1, project.db.whimbrel_errors.count_documents({}))


if __name__ == "__main__":
    import unittest
    unittest.main()
