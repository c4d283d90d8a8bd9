"""SIGINT and SIGTERM finish the running batches, save, and leave a run that resumes."""
import signal

from support.testcase import ServerTest, on_either, wait_until

DOCS = 30000
STEP = {"update": "things", "with": [{"$set": {"n": {"$add": [{"$multiply": ["$n", 2]}, 1]}, "done": True}}]}


class SignalTest(ServerTest):
    def started(self, project):
        """An `up` in small batches that has changed a first document."""
        project.config(engine={"workers": 2, "batch": {"docs": 20}})
        self.name = project.migration("twice", STEP)
        project.db.things.insert_many(({"_id": k, "k": k, "n": k} for k in range(DOCS)), ordered=False)
        running = project.start("up")
        wait_until(lambda: project.db.things.find_one({"done": True}) or not running.alive, "a change")
        self.assertTrue(running.alive, "the run ended before the signal")
        return running

    def stop_with(self, project, number, rc):
        running = self.started(project)
        running.signal(number)
        result = running.wait(30)
        self.assertEqual(rc, result.rc, str(result))
        self.assertSaid("up", result, "err")  # how to go on
        self.assertEqual("interrupted", project.state(self.name))
        done = project.db.things.count_documents({"done": True})
        self.assertTrue(0 < done < DOCS, f"{done} documents done")
        self.assertEqual(0, project.db.changelog_lock.count_documents({}), "the lock is released")
        self.assertEqual(0, project.db.changelog.count_documents({}))
        return done

    def check_done(self, project):
        wrong = project.db.things.count_documents(
            {"$expr": {"$ne": ["$n", {"$add": [{"$multiply": ["$k", 2]}, 1]}]}})
        self.assertEqual(0, wrong)

    @on_either
    def test_ctrl_c_stops_with_130_and_up_goes_on(self, project):
        done = self.stop_with(project, signal.SIGINT, 130)
        status = project.ok("status", "-o", "json").json()
        documents = status["migrations"][0]["documents"]
        self.assertEqual(done, documents["modified"], "status says exactly what is done")
        result = project.ok("up")
        self.assertSaid(f"MIGRATED UP: {self.name}", result, "out")
        self.check_done(project)

    @on_either
    def test_sigterm_stops_with_143_and_up_goes_on(self, project):
        self.stop_with(project, signal.SIGTERM, 143)
        project.ok("up")
        self.check_done(project)

    @on_either
    def test_an_interrupted_run_can_be_undone(self, project):
        self.stop_with(project, signal.SIGINT, 130)
        project.ok("down")
        self.assertEqual(0, project.db.things.count_documents({"done": True}))
        self.assertEqual(0, project.db.things.count_documents({"$expr": {"$ne": ["$n", "$k"]}}))
        self.assertEqual("pending", project.state(self.name))

    @on_either
    def test_a_second_ctrl_c_ends_at_once_and_loses_nothing(self, project):
        running = self.started(project)
        running.signal(signal.SIGINT)
        running.signal(signal.SIGINT)
        result = running.wait(20)
        self.assertIn(result.rc, (130, -signal.SIGINT), str(result))
        wait_until(lambda: project.run("up", "--wait", "60s").rc == 0, "up goes on", 120, 0.2)
        self.check_done(project)

    @on_either
    def test_a_stopped_up_leaves_later_migrations_alone(self, project):
        later = project.migration("20990101000000-later.yaml", {"insert": "other", "documents": [{"_id": 1}]})
        self.stop_with(project, signal.SIGINT, 130)
        self.assertEqual("pending", project.state(later))
        self.assertEqual(0, project.db.other.count_documents({}))
        project.ok("up")
        self.assertEqual(1, project.db.other.count_documents({}))


if __name__ == "__main__":
    import unittest
    unittest.main()
