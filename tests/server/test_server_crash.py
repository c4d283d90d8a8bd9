"""The server dies under a run: it goes on by itself when the server is back, and nothing is doubled."""
import pathlib
import signal

from support.moments import stopped_at
from support.testcase import ServerTest, wait_until

DOCS = 20000
STEP = {"update": "things", "with": [{"$set": {"n": {"$add": [{"$multiply": ["$n", 2]}, 1]}}}]}


class ServerCrashTest(ServerTest):
    def crash_in_the_middle(self, topology):
        server = self.own_server(topology)
        project = self.project(topology, server.uri)
        project.config(engine={"workers": 2, "batch": {"docs": 50}})
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(DOCS)])
        project.migration("twice", STEP)
        running = project.start("up")
        after = self.random.randrange(500, DOCS // 2)
        done = {"$expr": {"$ne": ["$_id", "$n"]}}
        wait_until(lambda: not running.alive or project.db.things.count_documents(done) >= after,
                   f"{after} documents are migrated", 60)
        self.assertTrue(running.alive, "the crash came too late")
        server.crash_and_restart()
        result = running.wait(150)
        self.assertEqual(0, result.rc, str(result))
        wrong = project.db.things.count_documents({"$expr": {"$ne": ["$n", {"$add": [{"$multiply": ["$_id", 2]}, 1]}]}})
        self.assertEqual(0, wrong, str(result))
        project.ok("down")
        self.assertEqual(0, project.db.things.count_documents(done))

    def test_a_replica_set_that_is_killed_and_comes_back_costs_nothing(self):
        self.crash_in_the_middle("replicaset")

    def test_a_standalone_server_that_is_killed_and_comes_back_costs_nothing(self):
        self.crash_in_the_middle("standalone")


class AuthenticationTest(ServerTest):
    PASSWORD = "c4nary%2Fp%40ss"  # c4nary/p@ss

    def setUp(self):
        super().setUp()
        self.server = self.own_server("standalone", ["--auth"])
        import pymongo
        with pymongo.MongoClient(self.server.uri) as client:
            client.admin.command("createUser", "ada", pwd="c4nary/p@ss", roles=["root"])
        self.good = f"mongodb://ada:{self.PASSWORD}@127.0.0.1:{self.server.port}/?authSource=admin"

    def assertNoPassword(self, result, project):
        logs = project.root / "logs"
        texts = [result.out, result.err] + [p.read_text() for p in logs.glob("*")]
        for text in texts:
            self.assertNotIn("c4nary", text)

    def test_a_user_with_a_password_migrates_and_the_password_is_nowhere(self):
        project = self.project("standalone", self.good)
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(10)])
        project.migration("twice", STEP)
        for command in ("status", "plan", "up", "down"):
            with self.subTest(command=command):
                self.assertNoPassword(project.ok(command), project)
        for name in project.db.list_collection_names():
            for document in project.db[name].find():
                self.assertNotIn("c4nary", str(document), name)

    def test_a_password_on_the_command_line_is_overwritten_with_a_warning(self):
        project = self.project("standalone", self.good)
        project.config()
        running = stopped_at(project, "hello before#1", "status", "--uri", self.good)
        shown = pathlib.Path(f"/proc/{running.process.pid}/cmdline").read_bytes()
        self.assertIn(b"mongodb://ada:*", shown)
        self.assertNotIn(b"c4nary", shown)
        running.signal(signal.SIGCONT)
        result = running.wait()
        self.assertEqual(0, result.rc, str(result))
        self.assertSaid("warning", result, "err")
        self.assertNoPassword(result, project)

    def test_a_wrong_password_is_77_and_not_shown(self):
        project = self.project("standalone", self.good)
        bad = self.good.replace("c4nary", "c4naryx")
        result = project.run("status", env={"WHIMBREL_URI": bad})
        self.assertEqual(77, result.rc, str(result))
        self.assertNoPassword(result, project)

    def test_a_user_without_rights_is_77(self):
        project = self.project("standalone", self.good)
        project.db.client.admin.command("createUser", "bob", pwd="c4nary", roles=[])
        bare = f"mongodb://bob:c4nary@127.0.0.1:{self.server.port}/?authSource=admin"
        result = project.run("status", env={"WHIMBREL_URI": bare})
        self.assertEqual(77, result.rc, str(result))
        self.assertNoPassword(result, project)


if __name__ == "__main__":
    import unittest
    unittest.main()
