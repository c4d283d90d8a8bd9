"""What is printed: JSON, NDJSON, the log file, no password anywhere; and dry means dry."""
import json
import pathlib
import re

from support.testcase import ServerTest, on, on_either

STEP = {"update": "things", "with": [{"$set": {"n": {"$add": ["$n", 1]}}}]}
CANARY = "c4n4ry-s3cret"
ISO = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")


class OutputTest(ServerTest):
    def fill(self, project, count=3000, **config):
        project.config(engine={"batch": {"docs": 100}}, **config)
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(count)])
        return project.migration("add", STEP)

    @on_either
    def test_ndjson_is_one_event_a_line_and_ends_with_the_summary(self, project):
        name = self.fill(project)
        events = project.ok("up", "-o", "ndjson").events()
        for event in events[:-1]:
            self.assertIn("type", event)
            self.assertRegex(event["ts"], ISO)
        types = [event["type"] for event in events]
        self.assertIn("run.start", types)
        self.assertIn("migration.done", types)
        self.assertLess(types.index("run.start"), types.index("migration.done"))
        summary = events[-1]
        self.assertEqual("summary", summary["type"])
        self.assertEqual(0, summary["exit"])
        self.assertEqual([name], summary["applied"])
        self.assertEqual(3000, summary["documents"]["modified"])
        for key in ("scanned", "modified", "unchanged", "quarantined", "conflicts"):
            self.assertIsInstance(summary["documents"][key], int)
        self.assertIsInstance(summary["seconds"], (int, float))

    @on_either
    def test_ndjson_of_a_failure_ends_with_its_exit_code(self, project):
        self.fill(project)
        project.migration("bad", {**STEP, "check": [{"none": {"n": {"$gte": 0}}}]})
        events = project.exits(1, "up", "-o", "ndjson").events()
        self.assertEqual(("summary", 1), (events[-1]["type"], events[-1]["exit"]))
        self.assertEqual(1, len(events[-1]["applied"]))

    @on_either
    def test_json_is_the_summary_alone(self, project):
        name = self.fill(project)
        summary = project.ok("up", "-o", "json").json()
        self.assertEqual(("summary", 0, [name]), (summary["type"], summary["exit"], summary["applied"]))

    @on("replicaset")
    def test_the_last_object_is_there_also_when_nothing_could_begin(self, project):
        name = self.fill(project)
        project.config(mongodb={"uri": "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200",
                                "database": project.db.name})
        for command in ("up", "down"):
            for output in ("json", "ndjson"):
                with self.subTest(command=command, output=output):
                    refused = project.exits(69, command, "-o", output)
                    last = json.loads(refused.out.splitlines()[-1])
                    self.assertEqual(("summary", 69, []), (last["type"], last["exit"], last["applied"]))
        project.config()
        (project.migrations / name).write_text("steps: [")
        self.assertEqual(65, json.loads(project.exits(65, "up", "-o", "json").out)["exit"])

    @on_either
    def test_status_as_json_has_the_promised_shape(self, project):
        name = self.fill(project)
        project.ok("up")
        later = project.migration("later", STEP)
        status = project.ok("status", "-o", "json").json()
        self.assertEqual((1, project.db.name, None), (status["schema"], status["database"], status["lock"]))
        self.assertTrue(status["server"]["version"])
        self.assertTrue(status["server"]["topology"])
        self.assertIn("environment", status)
        applied, pending = status["migrations"]
        self.assertEqual((name, "applied"), (applied["file"], applied["state"]))
        self.assertRegex(applied["appliedAt"], ISO)
        self.assertEqual((later, "pending"), (pending["file"], pending["state"]))
        self.assertIsNone(pending.get("appliedAt"))

    @on_either
    def test_an_up_writes_a_log_file_and_prints_the_record(self, project):
        name = self.fill(project)
        result = project.ok("up")
        logs = list((project.root / "logs").glob("whimbrel-*.log"))
        self.assertEqual(1, len(logs))
        self.assertIn(name, logs[0].read_text())
        for word in ("processed", "modified", "unchanged", "quarantined", logs[0].name):
            self.assertSaid(word, result)

    @on("standalone")
    def test_every_help_that_a_hint_names_exists(self, project):
        sources = pathlib.Path(__file__).parents[2] / "src"
        hints = {topic for path in sources.rglob("*.cc")
                 for topic in re.findall(r"whimbrel help ([a-z-]+)", path.read_text())}
        self.assertIn("config", hints)
        for topic in hints:
            project.ok("help", topic)

    @on_either
    def test_without_a_terminal_there_are_no_escape_codes(self, project):
        self.fill(project)
        for command in (("status",), ("plan",), ("up", "--progress", "plain"), ("status",), ("down",)):
            result = project.ok(*command)
            self.assertNotIn("\x1b", result.out + result.err)
            self.assertNotIn("\r", result.out + result.err)

    @on_either
    def test_a_log_that_cannot_be_written_is_an_error_before_anything_is_changed(self, project):
        self.fill(project)
        (project.root / "logs").write_text("a file, not a directory")
        before = project.raw()
        project.exits(73, "up")
        self.assertSameBytes(before, project.raw())

    def writes_of(self, project, *commands):
        """Runs the commands with the profiler on and returns every operation that could write."""
        self.fill(project)
        project.db.command({"profile": 2})
        for command in commands:
            project.ok(*command)
        project.db.command({"profile": 0})
        return [entry for entry in project.db["system.profile"].find()
                if entry["op"] in ("insert", "update", "remove")
                or entry["op"] == "command" and not {"aggregate", "find", "count", "distinct", "hello",
                                                     "explain", "listCollections", "listIndexes", "ping",
                                                     "collStats", "dbStats", "getMore", "profile",
                                                     "killCursors", "endSessions", "abortTransaction"}
                & set(entry["command"])
                or "$out" in str(entry["command"]) or "$merge" in str(entry["command"])]

    @on_either
    def test_status_plan_and_dry_run_send_no_write(self, project):
        before_names = set(project.db.list_collection_names()) | {"things", "system.profile"}
        writes = self.writes_of(project, ("status",), ("plan",), ("up", "--dry-run"),
                                ("plan", "-o", "json"), ("status", "-o", "json"), ("down", "--dry-run"),
                                ("history",), ("history", "add"), ("resolve", "add", "--pending"))
        self.assertEqual([], writes)
        self.assertEqual(before_names, set(project.db.list_collection_names()))

    @on_either
    def test_plan_says_the_guarantee_and_what_would_change(self, project):
        name = self.fill(project)
        result = project.ok("plan")
        for word in (name, "things", "exactly"):
            self.assertSaid(word, result, "out")
        self.assertRegex(result.out, "3[,. ']?000", str(result))

    @on("standalone")
    def test_the_password_of_a_server_that_does_not_answer_is_never_shown(self, project):
        name = self.fill(project)
        self.assertTrue(name)
        uris = [
            f"mongodb://someone:{CANARY}@127.0.0.1:1/?serverSelectionTimeoutMS=300",
            f"mongodb://someone:{CANARY}%40x@127.0.0.1:1/db?serverSelectionTimeoutMS=300&authSource=admin",
            f"mongodb://someone:{CANARY}@127.0.0.1:1/?serverSelectionTimeoutMS=x{CANARY}&tls=maybe",
            f"mongodb://someone:{CANARY}@[::1",
            f"http://someone:{CANARY}@example.com",
        ]
        for uri in uris:
            for command in (("status",), ("up",), ("plan", "-o", "json"), ("up", "-o", "ndjson")):
                with self.subTest(uri=uri, command=command):
                    by_env = project.run(*command, env={"WHIMBREL_URI": uri})
                    by_flag = project.run(*command, "--uri", uri)
                    for result in (by_env, by_flag):
                        self.assertIn(result.rc, (69, 78, 64), str(result))
                        self.assertNotIn(CANARY, result.out + result.err)
        project.uri = uris[0]
        project.config()
        self.assertNotIn(CANARY, str(project.exits(69, "up")))
        for log in (project.root / "logs").glob("*"):
            self.assertNotIn(CANARY, log.read_text())

    @on_either
    def test_the_password_of_a_working_connection_is_never_shown(self, project):
        self.fill(project)
        user = f"user_{project.db.name}"
        project.db.command({"createUser": user, "pwd": CANARY, "roles": ["readWrite", "dbAdmin"]})
        self.addCleanup(project.db.command, {"dropUser": user})
        host = project.uri.removeprefix("mongodb://")
        separator = "&" if "?" in host else "?"
        uri = f"mongodb://{user}:{CANARY}@{host}{separator}authSource={project.db.name}"
        secret = project.root / "uri"
        secret.write_text(uri + "\n")
        commands = (("status",), ("plan",), ("up",), ("status",), ("down",), ("up", "-o", "ndjson"))
        for command in commands:
            self.assertNotIn(CANARY, str(project.ok(*command, "--uri-file", secret)))
        for file in project.root.rglob("*.log"):
            self.assertNotIn(CANARY, file.read_text())
        for name in project.db.list_collection_names():
            self.assertNotIn(CANARY, str(list(project.db[name].find())))


if __name__ == "__main__":
    import unittest
    unittest.main()
