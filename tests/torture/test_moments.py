"""Single moments that matter, met exactly: the program stops or dies at a fault point there."""
import re
import signal

from support.moments import points_passed, stopped_at
from support.testcase import ServerTest, on, on_both

TWICE = {"update": "things", "with": [{"$set": {"n": {"$add": [{"$multiply": ["$n", 2]}, 1]}}}]}


class MomentTest(ServerTest):
    def fill(self, project):
        project.config(engine={"workers": 1, "batch": {"docs": 40, "time": "30s"}})
        project.migration("twice", TWICE)
        project.db.things.insert_many([{"_id": k, "k": k, "n": k} for k in range(30)])

    def passage(self, project, point, behind, times):
        """The first passage of `point` behind the passage number `times` of a point that matches
        `behind`, in an undisturbed run that is then undone."""
        points = points_passed(project, "up")
        project.ok("down")
        at = [index for index, passed in enumerate(points) if re.fullmatch(behind, passed)][times - 1]
        return f"{point}#{points[:at].count(point) + 1}"

    def stopped_at(self, project, point):
        return stopped_at(project, point, "up", "--wait", "60s")

    def changed(self, project):
        return sum(document["n"] != document["k"] for document in project.db.things.find())

    @on_both
    def test_a_runner_between_batches_that_lost_its_lock_writes_nothing_more(self, project):
        self.fill(project)
        point = self.passage(project, "find things before", "update things after", 1)
        first = self.stopped_at(project, point)
        self.assertEqual(10, self.changed(project))
        project.ok("unlock", "--force")
        # The second one has taken the run over and has not worked on a range yet.
        second = self.stopped_at(project, "find things before#1")
        first.signal(signal.SIGCONT)
        self.assertEqual(75, first.wait().rc)
        self.assertEqual(10, self.changed(project))
        second.signal(signal.SIGCONT)
        self.assertEqual(0, second.wait().rc)
        self.assertEqual([2 * k + 1 for k in range(30)], [d["n"] for d in project.db.things.find().sort("_id")])

    @on_both
    def test_a_runner_that_lost_its_lock_before_its_first_range_starts_none(self, project):
        self.fill(project)
        first = self.stopped_at(project, "find things before#2")
        project.ok("unlock", "--force")
        second = self.stopped_at(project, "find things before#1")
        first.signal(signal.SIGCONT)
        self.assertEqual(75, first.wait().rc)
        self.assertEqual(0, self.changed(project))
        second.signal(signal.SIGCONT)
        self.assertEqual(0, second.wait().rc)
        self.assertEqual([2 * k + 1 for k in range(30)], [d["n"] for d in project.db.things.find().sort("_id")])

    @on("replicaset")
    def test_a_batch_that_was_never_committed_leaves_nothing_in_the_journal(self, project):
        self.fill(project)
        point = self.passage(project, "commitTransaction before", "(insert|update) whimbrel_journal after", 2)
        self.assertEqual(-signal.SIGKILL, project.run("up", env={"WHIMBREL_FAULT": f"kill {point}"}).rc)
        self.assertEqual(10, self.changed(project))
        # Or this update would wait until the server ends the dead process's transaction.
        project.db.client.admin.command("killAllSessions", [])
        project.db.things.update_many({"_id": {"$gte": 10}}, {"$set": {"note": "of the application"}})
        project.ok("down", "--wait", "60s")
        self.assertEqual(0, self.changed(project))
        self.assertEqual(20, project.db.things.count_documents({"note": {"$exists": True}}))
        self.assertEqual(0, project.db.whimbrel_errors.count_documents({}))

    @on("standalone")
    def test_a_journal_entry_that_was_half_written_is_none(self, project):
        project.config(engine={"workers": 1, "batch": {"docs": 40, "time": "30s"}})
        project.migration("twice", TWICE)
        # Bytes that do not compress, so that an entry takes several slices.
        project.db.things.insert_many(
            [{"_id": k, "n": k, "pad": self.random.randbytes(200_000)} for k in range(30)])
        before = project.raw()
        for slices in 1, 2:
            fault = f"kill update whimbrel_journal after#{slices}"
            self.assertEqual(-signal.SIGKILL, project.run("up", "--wait", "60s", env={"WHIMBREL_FAULT": fault}).rc)
            self.assertGreaterEqual(project.db.whimbrel_journal.count_documents({}), slices)
            self.assertSameBytes(before, project.raw())
        project.ok("up", "--wait", "60s")
        self.assertEqual([2 * k + 1 for k in range(30)], [d["n"] for d in project.db.things.find().sort("_id")])
        project.ok("down")
        self.assertSameBytes(before, project.raw())
        self.assertEqual(0, project.db.whimbrel_journal.count_documents({}))


if __name__ == "__main__":
    import unittest
    unittest.main()
