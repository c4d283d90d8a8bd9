"""Flags and variables that change what is printed, and how a command ends."""
import json
import os
import re
import signal

from support.testcase import ServerTest, on, on_either, wait_until

STEP = {"update": "things", "with": [{"$set": {"n": {"$add": ["$n", 1]}, "done": True}}]}
OPERATORS = {"update": "things", "with": {"$inc": {"n": 1}}}


class SwitchTest(ServerTest):
    def fill(self, project, count=1000, docs=100, step=STEP, bad=(), **config):
        project.config(engine={"batch": {"docs": docs}, "maxErrors": len(bad)}, **config)
        project.db.things.insert_many(
            [{"_id": k, "n": "text" if k in bad else k} for k in range(count)], ordered=False)
        return project.migration("add", step)

    @on_either
    def test_status_with_exit_code_tells_what_is_pending_from_what_is_not(self, project):
        self.assertEqual(0, project.run("status", "--exit-code").rc)
        self.fill(project)
        self.assertEqual(2, project.run("status", "--exit-code").rc)
        self.assertEqual(2, project.run("status", "--exit-code", "-o", "json").rc)
        self.assertEqual(0, project.run("status").rc)
        project.ok("up")
        self.assertEqual(0, project.run("status", "--exit-code").rc)
        self.assertEqual(0, project.run("up").rc, "nothing to do is no failure")

    @on_either
    def test_quiet_leaves_results_and_errors(self, project):
        name = self.fill(project)
        result = project.ok("up", "--quiet")
        self.assertEqual(f"MIGRATED UP: {name}\n", result.out)
        self.assertEqual("", result.err)
        project.migration("bad", {**STEP, "check": [{"none": {"n": {"$gte": 0}}}]})
        self.assertSaid("check", project.exits(1, "up", "--quiet"), "err")

    @on("standalone")
    def test_progress_in_seconds_is_a_line_each(self, project):
        self.fill(project, count=4000)
        running = project.start("up", "--progress", "1", "--max-rate", "1000")
        result = running.wait()
        self.assertEqual(0, result.rc, str(result))
        lines = [line for line in result.err.splitlines() if re.search(r"\d+\.\d %.*docs", line)]
        self.assertGreaterEqual(len(lines), 2, str(result))
        self.assertLessEqual(len(lines), 8, str(result))
        self.assertNotIn("\x1b", result.err)

    @on_either
    def test_no_progress_is_shown_when_none_is_asked_for(self, project):
        self.fill(project)
        self.assertNotIn(" docs ", project.ok("up", "--progress", "none").err)

    @on_either
    def test_the_output_of_the_environment_is_that_of_every_command(self, project):
        self.fill(project)
        as_json = {"WHIMBREL_OUTPUT": "json"}
        self.assertEqual(1, len(project.ok("status", env=as_json).json()["migrations"]))
        self.assertEqual("summary", project.ok("up", env=as_json).json()["type"])
        self.assertEqual("summary", project.ok("down", env={"WHIMBREL_OUTPUT": "ndjson"}).events()[-1]["type"])
        self.assertIn("1 pending", project.ok("status", "-o", "text", env=as_json).out)
        self.assertEqual(64, project.run("status", env={"WHIMBREL_OUTPUT": "yaml"}).rc)

    @on_either
    def test_what_failed_of_a_document_and_what_was_found_beforehand_are_events(self, project):
        self.fill(project, step=OPERATORS, bad=(7,))
        events = project.exits(3, "up", "-o", "ndjson").events()
        failed, = (event for event in events if event["type"] == "document_error")
        self.assertEqual({"$numberInt": "7"}, json.loads(failed["_id"]))
        self.assertTrue(failed["message"])
        self.assertTrue([event for event in events if event["type"] == "preflight"])
        self.assertEqual(1, events[-1]["documents"]["quarantined"])

    @on_either
    def test_a_dry_run_of_down_answers_in_json(self, project):
        name = self.fill(project)
        project.ok("up")
        before = project.raw()
        said = project.ok("down", "--dry-run", "-o", "json").json()
        self.assertEqual(("down_plan", project.db.name), (said["type"], said["database"]))
        item, = said["migrations"]
        self.assertEqual((name, "applied", "journal", 1000),
                         (item["file"], item["state"], item["by"], item["documents"]))
        self.assertGreater(item["journalBytes"], 0)
        rows = project.ok("down", "--dry-run", "-o", "ndjson").out.splitlines()
        self.assertEqual([name], [json.loads(row)["file"] for row in rows])
        self.assertSameBytes(before, project.raw())

    @on("standalone")
    def test_nobody_is_asked_where_the_environment_says_so(self, project):
        project.config(environments={"production": {"protected": True}})
        project.migration("add", STEP)
        project.db.things.insert_one({"_id": 1, "n": 1})
        refused = project.run("up", "-e", "production", env={"WHIMBREL_NO_INPUT": "1"})
        self.assertEqual(64, refused.rc, str(refused))
        self.assertSaid("--confirm", refused, "err")

    @on_either
    def test_ctrl_c_during_down_stops_with_130_and_down_goes_on(self, project):
        name = self.fill(project, count=20000, docs=10)
        before = project.raw()
        project.ok("up", "--batch-docs", "10")
        running = project.start("down")
        wait_until(lambda: project.db.things.find_one({"done": {"$exists": False}}) or not running.alive, "a change")
        self.assertTrue(running.alive, "the undo ended before the signal")
        running.signal(signal.SIGINT)
        result = running.wait(30)
        self.assertEqual(130, result.rc, str(result))
        self.assertSaid("whimbrel down", result, "err")
        self.assertEqual(0, project.db.changelog_lock.count_documents({}), "the lock is released")
        self.assertGreater(project.db.things.count_documents({"done": True}), 0)
        self.assertIn(project.state(name), ("applied", "interrupted"))
        project.ok("down")
        self.assertSameBytes(before, project.raw())
        self.assertEqual("pending", project.state(name))

    @on_either
    def test_views_and_time_series_are_refused(self, project):
        project.db.things.insert_one({"_id": 1, "n": 1})
        project.db.command({"create": "seen", "viewOn": "things", "pipeline": []})
        project.db.command({"create": "weather", "timeseries": {"timeField": "at"}})
        for collection in ("seen", "weather"):
            with self.subTest(collection=collection):
                name = project.migration("change", {**STEP, "update": collection})
                refused = project.run("up")
                os.remove(project.migrations / name)
                self.assertIn(refused.rc, (1, 65), str(refused))
                self.assertSaid(collection, refused, "err")
                self.assertEqual(0, project.db.changelog.count_documents({}))
                self.assertEqual([{"_id": 1, "n": 1}], list(project.db.things.find()))


if __name__ == "__main__":
    import unittest
    unittest.main()
