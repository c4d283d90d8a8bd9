"""`monitor`: how a deployment is, while it lives, lags, stops and comes back; nothing is written."""
import json
import signal
import threading

import pymongo

from support.replica_set import ReplicaSet
from support.terminal import OnTerminal
from support.testcase import ServerTest, on, on_either, wait_until

FIELDS = {"schema", "ts", "type", "database", "server", "connections", "opcounters", "opsPerSecond", "residentBytes",
          "cache", "queue", "tickets", "flowControl", "members", "lagSeconds", "oplogSeconds", "disk", "operations",
          "runs", "lock", "unknown"}
WAIT = {"$function": {"body": "function() { sleep(300); return 1; }", "args": [], "lang": "js"}}
SLOW = {"update": "things", "batch": {"docs": 1}, "with": [{"$set": {"n": WAIT}}]}


def why(sample):
    return {one["part"]: one["why"] for one in sample["unknown"]}


def lines(running):
    """What a running monitor has printed so far, as objects."""
    text = running.result().out
    return [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()]


class MonitorTest(OnTerminal, ServerTest):
    def sample_when(self, running, condition, what, seconds=40):
        """The newest sample, once it is as it should be."""
        def newest():
            samples = [one for one in lines(running) if one["type"] == "monitor"]
            self.assertTrue(running.alive, running.result())
            return samples[-1] if samples and condition(samples[-1]) else None
        return wait_until(newest, what, seconds, 0.05)

    @on_either
    def test_each_sample_is_one_object_with_every_field(self, project):
        project.db.things.insert_one({"_id": 1})
        result = project.ok("monitor", "--every", "200ms", "--count", "3", "-o", "ndjson")
        samples = result.events()
        self.assertEqual(3, len(samples))
        for sample in samples:
            self.assertEqual(FIELDS, set(sample))
            self.assertEqual(("monitor", project.db.name), (sample["type"], sample["database"]))
            self.assertGreater(sample["connections"]["current"], 0)
            self.assertGreater(sample["residentBytes"], 1 << 20)
            self.assertGreater(sample["cache"]["maxBytes"], 1 << 20)
            self.assertLessEqual(0, sample["cache"]["dirtyShare"])
            self.assertGreater(sample["tickets"]["read"]["total"], 0)
            self.assertGreater(sample["disk"]["totalBytes"], sample["disk"]["usedBytes"])
            self.assertEqual([], sample["runs"])
        self.assertIsNone(samples[0]["opsPerSecond"])
        self.assertGreater(samples[1]["opsPerSecond"]["command"], 0)
        self.assertEqual(sorted(one["ts"] for one in samples), [one["ts"] for one in samples])
        if project.db.client.primary:
            self.assertEqual(["PRIMARY"], [member["state"] for member in samples[0]["members"]])
            self.assertGreaterEqual(samples[0]["oplogSeconds"], 0)
            self.assertEqual({}, why(samples[0]))
        else:
            self.assertIsNone(samples[0]["members"])
            self.assertEqual({"members": "a standalone server has no members",
                              "oplog": "a standalone server has no oplog"}, why(samples[0]))

    @on_either
    def test_one_object_has_rates_too(self, project):
        sample = project.ok("monitor", "--count", "1", "-o", "json").json()
        self.assertEqual(FIELDS, set(sample))
        self.assertGreater(sample["opsPerSecond"]["command"], 0)
        self.assertSaid("-o ndjson", project.exits(64, "monitor", "--count", "2", "-o", "json"))

    @on("standalone")
    def test_people_get_a_line_a_sample_and_are_told_once_what_is_not_shown(self, project):
        project.db.things.insert_one({"_id": 1})
        result = project.ok("monitor", "--every", "100ms", "--count", "3")
        self.assertEqual(3, len(result.out.splitlines()), result)
        for line in result.out.splitlines():
            self.assertRegex(line, r"^\d{4}-\d\d-\d\dT\S+Z  conn \d+  ops/s .* dirty \d+\.\d %")
        self.assertEqual(1, result.err.count("not shown: members (a standalone server has no members)"), result)

    @on("standalone")
    def test_a_wrong_interval_is_a_usage_error(self, project):
        for every in ("5", "0s", "10ms", "soon"):
            self.assertSaid("--every", project.exits(64, "monitor", "--every", every))
        project.exits(64, "monitor", "--count", "0")

    @on("replicaset")
    def test_ctrl_c_ends_it_with_130_and_sigterm_with_143(self, project):
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            running = project.start("monitor", "--every", "1h", "-o", "ndjson")
            wait_until(lambda: lines(running), "the first sample comes at once", 20)
            running.signal(number)
            self.assertEqual(code, running.wait(10).rc)

    @on_either
    def test_slow_operations_are_named_with_who_runs_them_but_not_what_they_ask_for(self, project):
        project.db.things.insert_one({"_id": 1})
        client = pymongo.MongoClient(project.uri, appname="a-slow-report")
        self.addCleanup(client.close)
        query = {"$where": "sleep(6000); return this.n != 'a secret';"}
        thread = threading.Thread(target=lambda: list(client[project.db.name].things.find(query)))
        running = project.start("monitor", "--every", "200ms", "-o", "ndjson")
        thread.start()
        self.addCleanup(thread.join)
        sample = self.sample_when(running, lambda one: one["operations"], "the slow operation is seen")
        running.signal(signal.SIGINT)
        slow, = sample["operations"]
        self.assertEqual(("find", f"{project.db.name}.things", "a-slow-report"),
                         (slow["command"], slow["ns"], slow["application"]))
        self.assertGreaterEqual(slow["seconds"], 1)
        self.assertRegex(slow["client"], r"^127\.0\.0\.1:\d+$")
        self.assertNotIn("a secret", running.wait(10).out)

    def shown_run(self, project):
        """Starts a slow `up` and a monitor beside it; returns both when the run is shown to have done something."""
        project.db.things.insert_many([{"_id": k} for k in range(200)])
        file = project.migration("slow", SLOW)
        up = project.start("up")
        running = project.start("monitor", "--every", "200ms", "-o", "ndjson")
        sample = self.sample_when(running, lambda one: one["runs"] and one["runs"][0]["done"] > 0, "the run is shown")
        run, = sample["runs"]
        self.assertEqual((file, "running", 200), (run["migration"], run["state"], run["total"]))
        self.assertIn(f"pid {up.process.pid}", run["who"])
        self.assertIn(f"pid {up.process.pid}", sample["lock"])
        return up, running

    @on("replicaset")
    def test_a_run_at_work_is_shown_with_how_far_it_is_until_it_ends(self, project):
        up, running = self.shown_run(project)
        project.ok("pause", "--why", "lunch")
        sample = self.sample_when(running, lambda one: one["runs"][0]["held"], "it is shown to be held")
        self.assertRegex(sample["runs"][0]["held"], r"^paused: by .* \(lunch\)$")
        up.signal(signal.SIGINT)
        self.assertEqual(130, up.wait(60).rc)
        self.sample_when(running, lambda one: one["runs"] == [] and one["lock"] is None, "it is shown no more")

    @on("standalone")
    def test_a_run_whose_process_was_killed_is_not_at_work(self, project):
        up, running = self.shown_run(project)
        up.kill()
        self.sample_when(running, lambda one: one["runs"] == [], "a dead process does not work")

    @on("replicaset")
    def test_a_terminal_gets_a_table_that_is_drawn_in_place_and_stays_at_the_end(self, project):
        project.db.things.insert_one({"_id": 1})
        rc, said = self.run_on_terminal(project, "monitor", "--every", "100ms", "--count", "3")
        self.assertEqual(0, rc, said)
        self.check_cursor(said)
        frames = said.split("\x1b[J")
        self.assertEqual(4, len(frames), "three tables, each over the one before, and the last one for good")
        for table in frames:
            for word in ("connections", "operations/s", "cache", "tickets", "PRIMARY", "oplog", "disk"):
                self.assertIn(word, table)
        rc, said = self.run_on_terminal(project, "monitor", stop=lambda said: signal.SIGINT if "slow" in said else None)
        self.assertEqual(130, rc, said)
        self.check_cursor(said)

    @on_either
    def test_nothing_is_written_and_no_lock_is_taken(self, project):
        project.db.things.insert_one({"_id": 1})
        project.db.command("profile", 2)
        self.addCleanup(project.db.command, "profile", 0)
        project.ok("monitor", "--every", "100ms", "--count", "3")
        project.db.command("profile", 0)
        seen = list(project.db["system.profile"].find({"appName": "whimbrel"}))
        self.assertTrue(seen, "the profiler saw monitor read")
        for operation in seen:
            self.assertIn(operation["op"], ("query", "command", "getmore"), operation)
            self.assertIn(next(iter(operation["command"])), ("find", "aggregate", "dbStats", "getMore"), operation)
        self.assertEqual({"things", "system.profile"}, set(project.db.list_collection_names()))

    @on("standalone")
    def test_nobody_there_at_the_start_is_exit_69(self, project):
        project.exits(69, "monitor", "--count", "1", "--uri", "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=300")


class RestartTest(ServerTest):
    def test_a_server_that_goes_away_is_said_and_waited_for(self):
        server = self.own_server("standalone")
        project = self.project(None, server.uri)
        project.db.things.insert_one({"_id": 1})
        running = project.start("monitor", "--every", "200ms", "-o", "ndjson")
        wait_until(lambda: len(lines(running)) >= 2, "two samples")
        server.stop()
        wait_until(lambda: lines(running)[-1]["type"] == "unreachable", "it says that nobody answers")
        server.restart()
        wait_until(lambda: lines(running)[-1]["type"] == "monitor", "it goes on")
        running.signal(signal.SIGINT)
        result = running.wait(20)
        self.assertEqual(130, result.rc)
        gone = [one for one in result.events() if one["type"] == "unreachable"]
        self.assertEqual(1, len(gone), "once an outage")
        self.assertTrue(gone[0]["message"])
        after = result.events()[result.events().index(gone[0]) + 1]
        self.assertIsNone(after["opsPerSecond"], "counters began anew")


class RightsTest(ServerTest):
    def setUp(self):
        super().setUp()
        server = self.own_server("standalone")
        admin = pymongo.MongoClient(server.uri)
        admin.admin.command("createUser", "root", pwd="root", roles=["root"], writeConcern={"w": 1, "j": True})
        admin.close()
        server.stop()
        server.flags.append("--auth")
        server.restart()
        self.server = server
        self.root = pymongo.MongoClient("127.0.0.1", server.port, username="root", password="root")
        self.addCleanup(self.root.close)

    def project_of(self, user, roles):
        self.root.admin.command("createUser", user, pwd="hidden-word", roles=roles)
        project = self.project(None, f"mongodb://root:root@127.0.0.1:{self.server.port}/")
        project.db.things.insert_one({"_id": 1})
        project.uri = f"mongodb://{user}:hidden-word@127.0.0.1:{self.server.port}/"
        project.config()
        return project

    def test_what_the_user_may_not_read_is_said_once_and_the_rest_is_shown(self):
        project = self.project_of("reader", [{"role": "readAnyDatabase", "db": "admin"}])
        result = project.ok("monitor", "--every", "100ms", "--count", "3")
        self.assertEqual(1, result.err.count("server (not authorised)"), result)
        self.assertIn("slow operations (not authorised)", result.err)
        self.assertIn("clusterMonitor", result.err)
        sample = project.ok("monitor", "--count", "1", "-o", "json").json()
        self.assertIsNone(sample["connections"])
        self.assertIsNone(sample["operations"])
        self.assertEqual([], sample["runs"])
        self.assertGreater(sample["disk"]["totalBytes"], 0)
        self.assertEqual("not authorised", why(sample)["server"])

    def test_a_user_who_may_read_nothing_is_exit_77(self):
        project = self.project_of("nobody", [])
        result = project.exits(77, "monitor")
        self.assertSaid("clusterMonitor", result)
        self.assertNotIn("hidden-word", result.out + result.err)

    def test_the_role_cluster_monitor_is_enough_for_the_server(self):
        project = self.project_of("watcher", [{"role": "clusterMonitor", "db": "admin"}])
        sample = project.ok("monitor", "--count", "1", "-o", "json").json()
        self.assertGreater(sample["connections"]["current"], 0)
        self.assertEqual([], sample["operations"])
        self.assertIn("runs", why(sample))
        self.assertIsNone(sample["runs"])


class LagTest(ServerTest):
    """On three members of its own."""

    @classmethod
    def setUpClass(cls):
        cls.set = ReplicaSet()
        cls.addClassCleanup(cls.set.stop)

    def setUp(self):
        super().setUp()
        self.set.wait_for_all()
        self.shown = self.project(None, self.set.uri)

    def lag_of(self, sample, server):
        member, = [one for one in sample["members"] or [] if one["name"].endswith(f":{server.port}")] or [None]
        return member and member["lagSeconds"]

    def newest(self, running):
        samples = [one for one in lines(running) if one["type"] == "monitor"]
        return samples[-1] if samples else None

    def watch_lag_grow(self, running, server):
        """Writes go on; returns the newest sample when the member is behind by more and more."""
        def behind(seconds):
            self.shown.db.things.insert_one({})
            sample = self.newest(running)
            return sample if sample and (self.lag_of(sample, server) or 0) > seconds else None
        first = wait_until(lambda: behind(1), "the member falls behind", 60, 0.05)
        return wait_until(lambda: behind(self.lag_of(first, server) + 1), "the lag grows", 60, 0.05)

    def test_a_secondary_that_stands_still_is_shown_to_lag_more_and_more(self):
        stopped, other = self.set.secondaries()
        running = self.shown.start("monitor", "--every", "200ms", "-o", "ndjson")
        wait_until(lambda: self.newest(running), "a sample")
        stopped.process.send_signal(signal.SIGSTOP)
        self.addCleanup(stopped.process.send_signal, signal.SIGCONT)
        sample = self.watch_lag_grow(running, stopped)
        self.assertEqual(self.lag_of(sample, stopped), sample["lagSeconds"], "the worst is told")
        self.assertLess(self.lag_of(sample, other), self.lag_of(sample, stopped))
        stopped.process.send_signal(signal.SIGCONT)
        wait_until(lambda: self.lag_of(self.newest(running), stopped) < 1, "it catches up", 60)
        running.signal(signal.SIGINT)
        self.assertEqual(130, running.wait(20).rc)

    def test_a_secondary_that_is_gone_lags_too(self):
        gone = self.set.secondaries()[0]
        running = self.shown.start("monitor", "--every", "200ms", "-o", "ndjson")
        wait_until(lambda: self.newest(running), "a sample")
        gone.stop()
        self.addCleanup(gone.restart)
        self.watch_lag_grow(running, gone)
        wait_until(lambda: not next(one for one in self.newest(running)["members"]
                                    if one["name"].endswith(f":{gone.port}"))["up"], "it is shown to be down", 30)
        running.signal(signal.SIGINT)
        self.assertEqual(130, running.wait(20).rc)

    def test_a_hidden_delayed_member_does_not_count(self):
        late = next(server for server in self.set.secondaries())
        name = f"127.0.0.1:{late.port}"
        config = self.set.client.admin.command("replSetGetConfig")["config"]
        for member in config["members"]:
            if member["host"] == name:
                member.update(hidden=True, priority=0, secondaryDelaySecs=3600)
        config["version"] += 1
        self.set.client.admin.command("replSetReconfig", config)
        running = self.shown.start("monitor", "--every", "200ms", "-o", "ndjson")
        wait_until(lambda: self.newest(running), "a sample")
        sample = self.watch_lag_grow(running, late)
        running.signal(signal.SIGINT)
        counts = {member["name"]: member["countsForLag"] for member in sample["members"]}
        self.assertFalse(counts.pop(name))
        self.assertEqual(1, sum(counts.values()), "the other secondary counts, the primary does not")
        self.assertLess(sample["lagSeconds"], self.lag_of(sample, late))
        for member in config["members"]:
            member.update(hidden=False, priority=1, secondaryDelaySecs=0)
        config["version"] += 1
        self.set.client.admin.command("replSetReconfig", config)

    def test_a_change_of_primary_is_ridden_out(self):
        running = self.shown.start("monitor", "--every", "200ms", "-o", "ndjson")
        first = wait_until(lambda: self.newest(running), "a sample")
        self.set.step_down()
        primary = f":{self.set.primary().port}"

        def follows():
            sample = self.newest(running)
            members = [one for one in sample["members"] if one["state"] == "PRIMARY"]
            return sample["ts"] > first["ts"] and any(one["name"].endswith(primary) for one in members)
        wait_until(follows, "it follows the primary", 60)
        running.signal(signal.SIGINT)
        self.assertEqual(130, running.wait(20).rc)


if __name__ == "__main__":
    import unittest
    unittest.main()
