"""Documents that match `where` once the scan has passed them are migrated too, and none of them twice."""
import signal

import bson

from support.moments import points_passed, stopped_at
from support.scripts import ScriptTest, script, transforms
from support.testcase import on_both

DOCS = 60
STEP = {"update": "things", "where": {"seen": {"$exists": False}}, "with": [
    {"$set": {"n": {"$add": [{"$multiply": ["$n", 2]}, 1]}, "seen": True}}]}


def thing(number, _id=None, **fields):
    return {"_id": number if _id is None else _id, "k": number, "n": number, **fields}


class ResidualTest(ScriptTest):
    def fill(self, project, step=STEP, **keys):
        project.config(engine={"workers": 1, "batch": {"docs": 10, "time": "30s"}})
        project.db.things.insert_many([thing(k) for k in range(DOCS)])
        return project.migration("late", step, **keys)

    def behind_the_scan(self, project, *command, rc=0, then=""):
        """An `up` that has stopped between its last checkpoint and its first look at what is left."""
        points = points_passed(project, *command, rc=rc)
        project.run("down")
        ends = [at for at, point in enumerate(points) if point == "update whimbrel_ranges after"]
        # Without documents there are no ranges, and the last search is the first look.
        looks = points[:ends[-1]].count("find things before") if ends else points.count("find things before") - 1
        return stopped_at(project, f"find things before#{looks + 1}{then}", *command)

    def let_go(self, running, rc=0):
        running.signal(signal.SIGCONT)
        result = running.wait()
        self.assertEqual(rc, result.rc, str(result))
        return result

    def check_once(self, project, left=()):
        for document in project.db.things.find():
            expected = document["k"] if document["_id"] in left else 2 * document["k"] + 1
            self.assertEqual(expected, document["n"], document)

    @on_both
    def test_documents_inserted_below_between_and_above_are_migrated_and_come_back(self, project):
        self.fill(project)
        running = self.behind_the_scan(project, "up", "-o", "json")
        late = [thing(1, -5), thing(2, 7.5), thing(3, DOCS + 9), thing(4, "text"), thing(5, bson.ObjectId()),
                thing(6, bson.MinKey()), thing(7, bson.MaxKey()), thing(8, float("nan")),
                thing(9, bson.Timestamp(1, 1)), thing(10, {"a": [1, None]}), thing(11, bson.Decimal128("7.25"))]
        project.db.things.insert_many(late)
        before = project.raw()
        result = self.let_go(running).json()
        self.check_once(project)
        self.assertEqual(DOCS + len(late), result["documents"]["modified"])
        self.assertEqual(0, result["residual"])
        project.ok("down")
        first = project.db.things.find_one({"_id": 0})
        self.assertEqual(thing(0), first)
        self.assertEqual(len(before), project.db.things.count_documents({"seen": {"$exists": False}}))
        self.assertEqual([], list(project.db.things.find({"$expr": {"$ne": ["$k", "$n"]}})))

    @on_both
    def test_more_documents_than_a_batch_holds_are_migrated(self, project):
        self.fill(project)
        running = self.behind_the_scan(project, "up")
        project.db.things.insert_many([thing(k, k / 16 + 0.01) for k in range(DOCS * 16)])
        self.let_go(running)
        self.check_once(project)

    @on_both
    def test_a_collection_that_was_empty_is_migrated_when_it_fills(self, project):
        self.fill(project)
        project.db.things.delete_many({})
        running = self.behind_the_scan(project, "up")
        project.db.things.insert_many([thing(k) for k in range(DOCS)])
        self.let_go(running)
        self.check_once(project)

    @on_both
    def test_a_document_that_the_application_put_back_is_not_migrated_twice_but_reported(self, project):
        self.fill(project)
        running = self.behind_the_scan(project, "up", "-o", "json")
        project.db.things.update_many({"_id": {"$in": [3, 40]}}, {"$unset": {"seen": 1}})
        project.db.things.insert_many([thing(1, 2.5), thing(2, 3.5)])  # one batch around the first
        result = self.let_go(running)
        self.check_once(project)
        self.assertEqual(2, result.json()["residual"])
        self.assertIn("2 documents of things still match `where`", result.err)

    @on_both
    def test_a_where_that_finished_documents_match_too_starts_no_further_pass(self, project):
        self.fill(project, {**STEP, "where": {"k": {"$gte": 0}}})
        running = self.behind_the_scan(project, "up", "-o", "json")
        project.db.things.insert_many([thing(1, 3.5), thing(2, -1), thing(3, DOCS + 1)])
        result = self.let_go(running).json()
        self.check_once(project, left=(3.5, -1, DOCS + 1))
        self.assertEqual(DOCS, result["documents"]["modified"])
        self.assertEqual(0, result["residual"])

    @on_both
    def test_documents_in_quarantine_are_not_tried_again(self, project):
        project.db.create_collection("things", validator={"$nor": [{"bad": True, "seen": True}]})
        self.fill(project)
        project.db.things.update_many({"_id": {"$in": [5, 50]}}, {"$set": {"bad": True}})
        running = self.behind_the_scan(project, "up", "--max-errors", "5", "-o", "json", rc=3)
        project.db.things.insert_one(thing(1, 5.5))
        result = self.let_go(running, rc=3).json()
        self.check_once(project, left=(5, 50))
        self.assertEqual(2, result["documents"]["quarantined"])
        runs = [error["_id"]["run"] for error in project.db.whimbrel_errors.find()]
        self.assertEqual([2, 2], [runs.count(run) for run in set(runs)])

    @on_both
    def test_a_run_that_dies_within_the_pass_resumes_it(self, project):
        self.fill(project)
        for side in ("before", "after"):
            for further in (1, 2):
                with self.subTest(side=side, further=further):
                    project.empty()
                    project.db.things.insert_many([thing(k) for k in range(DOCS)])
                    writes = points_passed(project, "up").count("update things before")
                    project.ok("down")
                    running = self.behind_the_scan(
                        project, "up", then=f"; kill update things {side}#{writes + further}")
                    project.db.things.insert_many([thing(k, k + 0.5) for k in range(DOCS)])
                    self.let_go(running, rc=-signal.SIGKILL)
                    self.assertLess(project.db.things.count_documents({"seen": True}), 2 * DOCS)
                    project.ok("up", "--wait", "60s")
                    self.check_once(project)
                    self.assertEqual(2 * DOCS, project.db.things.count_documents({"seen": True}))
                    project.ok("down")
                    self.assertEqual(0, project.db.things.count_documents({"seen": True}))
                    self.assertEqual([], list(project.db.things.find({"$expr": {"$ne": ["$k", "$n"]}})))

    @on_both
    def test_documents_that_a_script_leaves_as_they_are_are_tried_again_only_beside_new_ones(self, project):
        project.config(engine={"workers": 1, "batch": {"docs": 10, "time": "30s"}})
        project.db.things.insert_many([thing(k, odd=k % 2) for k in range(DOCS)])
        script(project, transforms(
            "return doc.odd ? null : { $set: { n: doc.n * 2 + 1, seen: true } };"),
            where="{ seen: { $exists: false } }")
        running = self.behind_the_scan(project, "up", "-o", "json")
        project.db.things.insert_many([thing(k, k + 0.5, odd=k % 2) for k in range(DOCS)])
        result = self.let_go(running).json()
        odd = [document["_id"] for document in project.db.things.find({"odd": 1})]
        self.check_once(project, left=odd)
        self.assertEqual(DOCS, result["residual"])
        self.assertEqual(DOCS, result["documents"]["modified"])

    @on_both
    def test_without_a_journal_too(self, project):
        self.fill(project, {"update": "things", "where": {"seen": {"$exists": False}}, "journal": "off",
                            "with": [{"$set": {"n": {"$add": [{"$multiply": ["$k", 2]}, 1]}, "seen": True}}]},
                  down=[{"update": "things", "where": {"seen": True}, "with": [
                      {"$set": {"n": "$k"}}, {"$unset": "seen"}]}])
        running = self.behind_the_scan(project, "up")
        project.db.things.insert_many([thing(k, k + 0.5) for k in range(-5, DOCS + 5)])
        self.let_go(running)
        self.check_once(project)

    @on_both
    def test_deletes_find_late_documents_too(self, project):
        self.fill(project, {"delete": "things", "where": {"odd": 1}})
        project.db.things.update_many({"k": {"$mod": [2, 1]}}, {"$set": {"odd": 1}})
        running = self.behind_the_scan(project, "up")
        project.db.things.insert_many([thing(k, k + 0.5, odd=k % 2) for k in range(DOCS)])
        self.let_go(running)
        self.assertEqual(DOCS, project.db.things.count_documents({}))
        self.assertEqual(0, project.db.things.count_documents({"odd": 1}))
        project.ok("down")
        self.assertEqual(2 * DOCS, project.db.things.count_documents({}))
