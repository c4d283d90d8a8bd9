"""`pause`, `resume`, `cancel`, `set` and `watch` from another process, through the run's document."""
import datetime
import signal
import time

from support.project import ROOT
from support.steered import STEP, SteeredTest
from support.testcase import on_either, wait_until


class SteeringTest(SteeredTest):
    def slow(self, project, rate=500, *flags, **config):
        """An `up` in the background that takes some seconds, with its first batches done."""
        self.prepare(project, workers=1, **config)
        up = project.start("up", "--max-rate", rate, *flags, "-o", "ndjson")
        wait_until(lambda: self.done(project) > 0, "the first batch", seconds=60)
        return up

    def assertStandsStill(self, project):
        before = self.done(project)
        looked = time.monotonic()
        wait_until(lambda: time.monotonic() - looked > 0.6, "a look later")
        self.assertEqual(before, self.done(project))

    @on_either
    def test_a_paused_run_writes_nothing_more_until_it_is_resumed_and_loses_nothing(self, project):
        up = self.slow(project)
        asked = time.monotonic()
        result = project.ok("pause", "--why", "deploy of the shop")
        self.assertLess(time.monotonic() - asked, 10)
        self.assertSaid(f"paused: {self.name}", result, "out")
        self.assertStandsStill(project)
        steered = self.run_document(project)["steered"]
        self.assertEqual("paused", steered["state"])
        self.assertIn("deploy of the shop", steered["reason"])
        self.assertTrue(up.alive)
        self.assertSaid(f"resumed: {self.name}", project.ok("resume"), "out")
        project.ok("set", "throttle.maxRate=off")
        result = up.wait()
        self.assertEqual(0, result.rc, str(result))
        self.assertMigratedOnce(project)
        states = [e["state"] for e in result.events() if e["type"] == "throttle"]
        self.assertEqual(["paused", "running"], states)
        reason = next(e["reason"] for e in result.events() if e["type"] == "throttle")
        self.assertIn("deploy of the shop", reason)

    @on_either
    def test_obeying_takes_less_than_two_seconds(self, project):
        up = self.slow(project, rate=200)
        for command in (["pause"], ["resume"], ["set", "batch.docs=20"], ["pause"], ["resume"]):
            before = self.run_document(project).get("control", {}).get("number", 0)
            project.ok(*command)
            run = self.run_document(project)
            self.assertEqual(before + 1, run["control"]["number"])
            since = run["steered"]["since"] - run["control"]["at"]
            if command[0] != "set":
                self.assertLess(since, datetime.timedelta(seconds=2), command)
        up.signal(signal.SIGTERM)
        self.assertEqual(143, up.wait().rc)

    @on_either
    def test_a_cancelled_run_ends_with_4_and_can_be_gone_on_with_or_undone(self, project):
        up = self.slow(project)
        before = project.raw("things")
        self.assertSaid("cancelled", project.ok("cancel", "--why", "wrong night"))
        result = up.wait()
        self.assertEqual(4, result.rc, str(result))
        self.assertSaid("cancelled by `whimbrel cancel`", result)
        self.assertEqual("interrupted", project.state(self.name))
        self.assertEqual(len(before), self.DOCS)
        project.ok("up")
        self.assertMigratedOnce(project)
        project.ok("down")
        self.assertEqual([k for k in range(self.DOCS)], [d["n"] for d in project.db.things.find().sort("_id")])

    @on_either
    def test_a_pause_outlives_its_process_and_the_next_up_waits_or_ends_with_4(self, project):
        up = self.slow(project)
        project.ok("pause")
        up.kill()
        result = project.run("up", "--no-wait", "--wait", "60s")
        self.assertEqual(4, result.rc, str(result))
        self.assertSaid("whimbrel resume", result)
        self.assertLess(self.done(project), self.DOCS)
        waiting = project.start("up")
        wait_until(lambda: self.steered(project).get("state") == "paused"
                   and project.run("pause").rc == 0, "it waits")
        self.assertStandsStill(project)
        project.ok("resume")
        self.assertEqual(0, waiting.wait().rc)
        self.assertMigratedOnce(project)

    @on_either
    def test_a_resume_of_a_run_that_nobody_works_on_holds_for_the_next_up(self, project):
        up = self.slow(project)
        project.ok("pause")
        up.kill()
        wait_until(lambda: project.run("resume").rc == 0, "the lease of the dead one", seconds=60)
        result = project.ok("up", "--no-wait", "--wait", "60s")
        self.assertNotIn("paused:", result.err)
        self.assertMigratedOnce(project)

    @on_either
    def test_settings_hold_at_once_outlive_their_process_and_are_seen_in_the_audit(self, project):
        up = self.slow(project, rate=20)
        result = project.ok("set", "workers=3", "throttle.maxRate=off", "--why", "the night is short")
        self.assertSaid(f"set: {self.name}", result, "out")
        self.assertEqual(0, up.wait(60).rc)
        self.assertMigratedOnce(project)
        record = project.db.whimbrel_audit.find_one({"action": "run.set"})
        self.assertEqual({"workers": "3", "throttle.maxRate": "off", "why": "the night is short"},
                         record["options"])
        self.assertSaid("run set ", project.ok("history"))

    @on_either
    def test_more_lanes_take_part_when_more_workers_are_set(self, project):
        up = self.slow(project, rate=100)
        project.ok("set", "workers=4", "throttle.maxRate=off", "batch.docs=1")
        result = up.wait(180)
        self.assertEqual(0, result.rc, str(result))
        lanes = [e["lanes"] for e in result.events() if e["type"] == "progress"]
        self.assertGreater(max(lanes), 1, lanes)
        self.assertMigratedOnce(project)

    @on_either
    def test_how_many_documents_may_fail_can_be_set_while_they_do(self, project):
        self.prepare(project, workers=1)
        last = project.db.things.find_one(sort=[("_id", -1)])["_id"]
        project.db.things.update_many({"_id": {"$gt": last - 3}}, {"$set": {"n": "text"}})
        up = project.start("up", "--max-rate", "500")
        wait_until(lambda: self.done(project) > 0, "the first batch", seconds=60)
        project.ok("set", "maxErrors=2", "throttle.maxRate=off")
        self.assertEqual(1, up.wait(60).rc)  # there are three
        project.ok("set", "maxErrors=3")
        result = project.run("up")
        self.assertEqual(3, result.rc, str(result))
        self.assertEqual(3, project.db.whimbrel_errors.count_documents({}))

    @on_either
    def test_a_window_can_be_set_and_taken_away_while_a_run_works(self, project):
        up = self.slow(project)
        now = project.db.command("hello")["localTime"]
        begins = now + datetime.timedelta(hours=2)
        project.ok("set", f"window={begins:%H:%M}-{begins + datetime.timedelta(hours=1):%H:%M} UTC")
        wait_until(lambda: self.run_document(project)["steered"]["state"] == "waiting", "the window closes", 20)
        self.assertStandsStill(project)
        self.assertIn("is closed, opens", self.run_document(project)["steered"]["reason"])
        project.ok("set", "window=off", "throttle.maxRate=off")
        self.assertEqual(0, up.wait(60).rc)
        self.assertMigratedOnce(project)

    @on_either
    def test_what_is_impossible_is_refused_with_the_reason(self, project):
        self.assertSaid("there is no run", project.exits(66, "pause"))
        up = self.slow(project)
        self.assertSaid("it is not paused", project.exits(1, "resume"))
        self.assertSaid("no setting 'worker' (did you mean", project.exits(64, "set", "worker=3"))
        self.assertSaid("is not a duration", project.exits(64, "set", "throttle.maxLag=often"))
        self.assertSaid("KEY=VALUE", project.exits(64, "set", "workers"))
        self.assertIsNone(self.run_document(project).get("control"))
        project.ok("cancel")
        up.wait()
        self.assertSaid("nobody works on it", project.exits(1, "pause"))
        project.ok("up")
        self.assertSaid("it has ended", project.exits(1, "cancel"))

    @on_either
    def test_watch_follows_a_run_to_its_end_and_tells_its_states(self, project):
        up = self.slow(project)
        watch = project.start("watch", "--every", "100ms", "-o", "ndjson")
        project.ok("pause")
        wait_until(lambda: '"state":"paused"' in watch.result().out, "it is seen to pause")
        project.ok("resume")
        project.ok("set", "throttle.maxRate=off")
        self.assertEqual(0, up.wait().rc)
        result = watch.wait()
        self.assertEqual(0, result.rc, str(result))
        seen = result.events()
        self.assertEqual("done", seen[-1]["state"])
        self.assertEqual(self.DOCS, seen[-1]["done"])
        done = [e["done"] for e in seen]
        self.assertEqual(sorted(done), done)
        self.assertEqual({self.name}, {e["migration"] for e in seen})

    @on_either
    def test_watch_in_text_ends_with_the_state_and_its_exit_code(self, project):
        up = self.slow(project)
        watch = project.start("watch", "--every", "200ms")
        wait_until(lambda: "running" in watch.result().out, "it is seen")
        project.ok("cancel")
        self.assertEqual(4, up.wait().rc)
        result = watch.wait()
        self.assertEqual(4, result.rc, str(result))
        self.assertIn("interrupted", result.out.splitlines()[-1])

    @on_either
    def test_a_down_can_be_paused_too(self, project):
        self.prepare(project, docs=20, workers=1, throttle={"maxRate": 400})
        project.ok("up", "--max-rate", "off")
        down = project.start("down")
        wait_until(lambda: (self.run_document(project) or {}).get("state") == "undoing", "it has begun")
        project.ok("pause")
        left = project.db.whimbrel_journal.count_documents({})
        looked = time.monotonic()
        wait_until(lambda: time.monotonic() - looked > 0.6, "a look later")
        self.assertEqual(left, project.db.whimbrel_journal.count_documents({}))
        project.ok("resume")
        project.ok("set", "throttle.maxRate=off")
        self.assertEqual(0, down.wait().rc)
        self.assertEqual([k for k in range(self.DOCS)], [d["n"] for d in project.db.things.find().sort("_id")])

    @on_either
    def test_a_rate_is_kept(self, project):
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(1000)])
        project.config(engine={"workers": 2})
        project.migration("more", STEP)
        result = project.ok("up", "--max-rate", "500", "-o", "json")
        # The last batch of half a second's worth need not be waited for.
        self.assertGreater(result.json()["seconds"], 1.2)

    def test_the_table_in_the_documentation_is_the_one_in_the_program(self):
        project = self.project("standalone")
        text = project.ok("help", "steering").out
        self.assertIn(text, (ROOT / "docs" / "steering.md").read_text())
        self.assertIn("| pause |", text)
