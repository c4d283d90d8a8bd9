"""Beside an application that writes, batches get shorter; alone, nothing is written to find that out."""
import threading

import pymongo

from support.testcase import ServerTest, on_both, on_either, wait_until

DOCS = 40000
WRITERS = 4
STEP = {"update": "things", "with": [{"$set": {"n": {"$add": ["$n", 1]}}}]}
PULSE = {"pulse": True}


class PaceTest(ServerTest):
    def prepare(self, project):
        project.config(engine={"workers": 2, "batch": {"docs": 1000}})
        project.migration("more", STEP)
        self.fill(project)

    def fill(self, project):
        project.empty()
        project.db.things.insert_many([{"_id": k, "n": k, "w": 0} for k in range(DOCS)])
        project.db.command("profile", 2, filter={"ns": f"{project.db.name}.whimbrel_ranges"})

    def write_until(self, project, stop, acknowledged):
        with pymongo.MongoClient(project.uri) as client:
            things = client[project.db.name].things
            rng = type(self.random)(self.random.random())
            while not stop.is_set():
                things.update_one({"_id": rng.randrange(DOCS)}, {"$inc": {"w": 1}})
                acknowledged.append(1)

    def beside_writers(self, project, command="up", rc=0):
        stop, acknowledged = threading.Event(), []
        threads = [threading.Thread(target=self.write_until, args=(project, stop, acknowledged))
                   for _ in range(WRITERS)]
        for thread in threads:
            thread.start()
        try:
            wait_until(lambda: len(acknowledged) > 10 * WRITERS, "they write")
            project.exits(rc, command, timeout=600)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        return len(acknowledged)

    def heard_beside_writers(self, project, command="up", rc=0, before=()):
        """Again from the start, should all of them have stood still while they were listened to."""
        for _ in range(4):
            self.fill(project)
            for earlier in before:
                project.ok(earlier)
            acknowledged = self.beside_writers(project, command, rc)
            if "things  (making way for an application): " in self.log_of_last_run(project):
                return acknowledged
        self.fail("no application was heard")

    def batches_of_last_run(self, project):
        run = project.db.whimbrel_runs.find_one(sort=[("startedAt", -1)])["_id"]
        return sum(r["batch"] for r in project.db.whimbrel_ranges.find({"_id.run": run}))

    def log_of_last_run(self, project):
        return max((project.root / "logs").glob("*.log"), key=lambda path: path.stat().st_mtime_ns).read_text()

    def pulses_of_profile(self, project):
        return project.db.system.profile.count_documents({"op": "update", "command.q._id": PULSE})

    def writes_in(self, project):
        return next(project.db.things.aggregate([{"$group": {"_id": None, "w": {"$sum": "$w"}}}]))["w"]

    @on_both
    def test_alone_no_write_is_timed_and_batches_are_as_large_as_allowed(self, project):
        self.prepare(project)
        project.ok("up")
        self.assertEqual(0, self.pulses_of_profile(project))
        self.assertNotIn("making way", self.log_of_last_run(project))
        self.assertGreater(project.db.system.profile.count_documents({}), 0)
        self.assertEqual(DOCS, project.db.things.count_documents({"$expr": {"$eq": ["$n", {"$add": ["$_id", 1]}]}}))

    @on_both
    def test_beside_writers_small_writes_are_timed_and_nothing_is_lost(self, project):
        self.prepare(project)
        acknowledged = self.heard_beside_writers(project)
        self.assertGreater(self.pulses_of_profile(project), 0)
        self.assertIsNone(project.db.whimbrel_ranges.find_one({"_id": PULSE}))
        self.assertEqual(DOCS, project.db.things.count_documents({"$expr": {"$eq": ["$n", {"$add": ["$_id", 1]}]}}))
        self.assertEqual(acknowledged, self.writes_in(project))

    @on_either
    def test_a_down_beside_writers_is_paced_too_and_leaves_what_they_changed(self, project):
        self.prepare(project)
        acknowledged = self.heard_beside_writers(project, "down", rc=3, before=("up",))
        self.assertGreater(self.pulses_of_profile(project), 0)
        self.assertEqual(acknowledged, self.writes_in(project))
        changed = {"$expr": {"$ne": ["$n", "$_id"]}}
        self.assertGreater(project.db.things.count_documents(changed), 0)
        self.assertEqual(0, project.db.things.count_documents({**changed, "w": 0}))

    @on_either
    def test_beside_writers_batches_are_smaller_than_alone(self, project):
        self.prepare(project)
        project.ok("up")
        alone = self.batches_of_last_run(project)
        self.heard_beside_writers(project)
        self.assertGreater(self.batches_of_last_run(project), 2 * alone)
