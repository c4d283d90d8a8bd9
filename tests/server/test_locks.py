"""One writer: the lock between two runners, migrate-mongo's lock, unlock, and a runner that lost it."""
import datetime
import os
import signal

from support.terminal import OnTerminal
from support.testcase import LONG, ServerTest, on_both, wait_until

DOCS = 8000
STEP = {"update": "things", "with": [{"$set": {"n": {"$add": [{"$multiply": ["$n", 2]}, 1]}, "done": True}}]}


class LockTest(OnTerminal, ServerTest):
    def fill(self, project, docs=20):
        project.config(engine={"workers": 2, "batch": {"docs": docs}})
        project.db.things.insert_many(({"_id": k, "k": k, "n": k} for k in range(DOCS)), ordered=False)
        self.name = project.migration("twice", STEP)

    def started(self, project):
        running = project.start("up")
        wait_until(lambda: project.db.things.find_one({"done": True}) or not running.alive, "a change")
        self.assertTrue(running.alive, "the run ended too early")
        return running

    def check_once(self, project, migrations=1):
        wrong = project.db.things.count_documents(
            {"$expr": {"$ne": ["$n", {"$add": [{"$multiply": ["$k", 2]}, 1]}]}})
        self.assertEqual(0, wrong)
        self.assertEqual(migrations, project.db.changelog.count_documents({}))

    @on_both
    def test_of_two_runners_one_works_and_the_other_exits_75(self, project):
        self.fill(project)
        first = self.started(project)
        second = project.exits(75, "up")
        self.assertSaid("lock", second, "err")
        self.assertSaid(os.uname().nodename, second, "err")  # who holds it
        self.assertEqual(0, first.wait().rc)
        self.check_once(project)

    @on_both
    def test_of_many_runners_at_the_same_instant_one_applies(self, project):
        self.fill(project, docs=1000)
        more = [project.migration(f"more{n}", {"insert": "others", "documents": [{"_id": n}]}) for n in range(4)]
        results = [running.wait() for running in [project.start("up") for _ in range(20)]]
        self.assertTrue({r.rc for r in results} <= {0, 75}, "\n".join(map(str, results)))
        applied = [line for r in results for line in r.out.splitlines() if line.startswith("MIGRATED UP:")]
        self.assertEqual([f"MIGRATED UP: {name}" for name in [self.name, *more]], applied)
        for loser in (r for r in results if r.rc == 75):
            self.assertRegex(loser.err, rf"held by \S+@{os.uname().nodename}, pid \d+, whimbrel up, since \d{{4}}-")
        self.check_once(project, 1 + len(more))

    @on_both
    def test_with_wait_the_second_runner_waits_and_finds_nothing_to_do(self, project):
        self.fill(project)
        first = self.started(project)
        second = project.run("up", "--wait", "120s")
        self.assertEqual(0, second.rc, str(second))
        self.assertNotIn("MIGRATED UP", second.out)
        self.assertEqual(0, first.wait().rc)
        self.check_once(project)

    @on_both
    def test_status_says_who_holds_the_lock(self, project):
        self.fill(project)
        running = self.started(project)
        status = project.ok("status", "-o", "json").json()
        self.assertIsNotNone(status["lock"])
        self.assertEqual(0, running.wait().rc)
        self.assertIsNone(project.ok("status", "-o", "json").json()["lock"])

    @on_both
    def test_our_lock_is_one_that_migrate_mongo_sees(self, project):
        self.fill(project)
        running = self.started(project)
        lock = project.db.changelog_lock.find_one()
        self.assertIsNotNone(lock)
        self.assertIsInstance(lock["createdAt"], datetime.datetime)
        running.wait()
        self.assertEqual(0, project.db.changelog_lock.count_documents({}))

    @on_both
    def test_a_lock_of_migrate_mongo_keeps_us_out_until_it_is_unlocked(self, project):
        self.fill(project, docs=1000)
        project.db.changelog_lock.insert_one({"createdAt": datetime.datetime.now(datetime.timezone.utc)})
        for command in ("up", "down"):
            with self.subTest(command=command):
                result = project.exits(75, command)
                self.assertSaid("unlock", result, "err")
        self.assertEqual(0, project.db.things.count_documents({"done": True}))
        project.ok("status")
        project.ok("unlock", "--force")
        self.assertEqual(0, project.db.changelog_lock.count_documents({}))
        project.ok("up")
        self.check_once(project)

    @on_both
    def test_unlock_without_a_lock_is_no_error(self, project):
        project.ok("unlock")

    @on_both
    def test_unlock_without_force_leaves_a_living_runner_alone(self, project):
        self.fill(project)
        running = self.started(project)
        result = project.run("unlock")
        self.assertEqual(75, result.rc, str(result))
        self.assertEqual(0, running.wait().rc)
        self.check_once(project)

    @on_both
    def test_a_stopped_runner_that_lost_its_lock_cannot_write_any_more(self, project):
        self.fill(project, docs=10)
        first = self.started(project)
        first.signal(signal.SIGSTOP)
        project.ok("unlock", "--force")
        project.ok("up")
        self.check_once(project)
        first.signal(signal.SIGCONT)
        result = first.wait(60)
        self.assertEqual(75, result.rc, str(result))
        self.check_once(project)

    def let_lease_end(self, project, seconds):
        """As if the owner had been silent for so long that its lease ended `seconds` ago."""
        now = project.db.command("hello")["localTime"]
        project.db.changelog_lock.update_one(
            {"_id": "whimbrel"}, {"$set": {"expiresAt": now - datetime.timedelta(seconds=seconds)}})

    @on_both
    def test_a_stopped_runner_past_its_lease_is_followed_by_another_and_says_that_it_lost_the_lock(self, project):
        self.fill(project, docs=10)
        first = self.started(project)
        first.signal(signal.SIGSTOP)
        project.exits(75, "up")  # its lease still runs
        if LONG:
            second = project.run("up", "--wait", "60s")  # it ends by itself
        else:
            self.let_lease_end(project, 1)
            second = project.run("up")
        self.assertEqual(0, second.rc, str(second))
        self.check_once(project)
        first.signal(signal.SIGCONT)
        result = first.wait(60)
        self.assertEqual(75, result.rc, str(result))
        self.assertSaid("lock", result, "err")
        self.check_once(project)

    def lock_of_elsewhere(self, project, lease_seconds):
        now = project.db.command("hello")["localTime"]
        project.db.changelog_lock.insert_one({
            "_id": "whimbrel", "v": 1, "createdAt": now, "owner": "elsewhere", "command": "up", "host": "db-7",
            "user": "deploy", "pid": 4711, "boot": "another", "start": 1, "since": now, "heartbeat": now,
            "expiresAt": now + datetime.timedelta(seconds=lease_seconds)})

    @on_both
    def test_a_lock_of_another_host_holds_as_long_as_its_lease(self, project):
        self.fill(project, docs=1000)
        self.lock_of_elsewhere(project, 3600)
        refused = project.exits(75, "up")
        self.assertRegex(refused.err, r"deploy@db-7, pid 4711, whimbrel up, since \d{4}-\d\d-\d\dT\d\d:\d\d")
        self.let_lease_end(project, 1)
        project.ok("up")
        self.check_once(project)

    @on_both
    def test_unlock_asks_and_removes_on_yes_only(self, project):
        self.fill(project, docs=1000)
        self.lock_of_elsewhere(project, -1)
        self.assertEqual(64, project.run("unlock").rc)  # nobody can answer
        code, said = self.run_on_terminal(project, "unlock", answer=lambda said: "n" if "[y/N]" in said else None)
        self.assertEqual(1, code, said)
        self.assertEqual(1, project.db.changelog_lock.count_documents({}))
        code, said = self.run_on_terminal(project, "unlock", answer=lambda said: "y" if "[y/N]" in said else None)
        self.assertEqual(0, code, said)
        self.assertEqual(0, project.db.changelog_lock.count_documents({}))
        record, = project.db.whimbrel_audit.find({"action": "unlock"})
        self.assertNotIn("force", record.get("options", {}))
        self.assertIn("deploy@db-7", record["message"])

    @on_both
    def test_unlock_answers_in_json(self, project):
        free = project.ok("unlock", "-o", "json").json()
        self.assertEqual(("unlock", False, None), (free["type"], free["removed"], free["holder"]))
        self.lock_of_elsewhere(project, -1)
        removed = project.ok("unlock", "--force", "-o", "json").json()
        self.assertTrue(removed["removed"])
        self.assertIn("deploy@db-7", removed["holder"])
        self.assertEqual(0, project.db.changelog_lock.count_documents({}))

    @on_both
    def test_a_lock_that_changed_hands_while_unlock_asked_is_left_alone(self, project):
        self.fill(project, docs=1000)
        self.lock_of_elsewhere(project, -1)

        def answer(said):
            if "[y/N]" not in said:
                return None
            project.db.changelog_lock.update_one({"_id": "whimbrel"}, {"$set": {"owner": "somebody new"}})
            return "y"

        code, said = self.run_on_terminal(project, "unlock", answer=answer)
        self.assertEqual(75, code, said)
        self.assertIn("changed hands", said)
        self.assertEqual("somebody new", project.db.changelog_lock.find_one()["owner"])

    @on_both
    def test_a_lock_that_is_taken_from_a_running_process_stops_it(self, project):
        self.fill(project, docs=10)
        first = self.started(project)
        project.ok("unlock", "--force")
        result = first.wait(60)
        self.assertIn(result.rc, (0, 75), str(result))  # 0: it was done before it noticed
        project.ok("up")
        self.check_once(project)


if __name__ == "__main__":
    import unittest
    unittest.main()
