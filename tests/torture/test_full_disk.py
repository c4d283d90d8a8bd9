"""No room, for the log file here or for the journal on the server: no document is lost, and it says so."""
from support.project import BINARY
from support.testcase import ServerTest, on_both, wait_until

DOCS = 6000
STEP = {"update": "things", "with": [{"$set": {"n": {"$add": [{"$multiply": ["$n", 2]}, 1]}}}]}
CHANGED = {"$expr": {"$ne": ["$_id", "$n"]}}
WRONG = {"$expr": {"$ne": ["$n", {"$add": [{"$multiply": ["$_id", 2]}, 1]}]}}
NO_ROOM = 14031  # OutOfDiskSpace


class FullDiskTest(ServerTest):
    def fill(self, project):
        project.config(engine={"workers": 2, "batch": {"docs": 20}, "maxErrors": 100})
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(1, DOCS + 1)])
        return project.migration("twice", STEP)

    def assertMigratedOnce(self, project, result):
        self.assertEqual(0, project.db.things.count_documents(WRONG), str(result))
        self.assertEqual(DOCS, project.db.things.count_documents({}), str(result))

    @on_both
    def test_a_log_file_on_a_full_disk_costs_no_document_and_is_said(self, project):
        self.fill(project)
        result = project.ok("up", "--log-file", "/dev/full")
        self.assertMigratedOnce(project, result)
        self.assertSaid("the log file is incomplete", result, "err")

    @on_both
    def test_a_log_file_at_the_size_limit_of_files_costs_no_document_and_is_said(self, project):
        self.fill(project)
        result = project.ok("up", program=("prlimit", "--fsize=400", "--", BINARY))
        self.assertMigratedOnce(project, result)
        self.assertSaid("the log file is incomplete", result, "err")

    def no_room_for_the_journal(self, topology):
        server = self.own_server(topology, ["--setParameter", "enableTestCommands=1"])
        project = self.project(topology, server.uri)
        name = self.fill(project)
        admin = project.db.client.admin
        for command, undone in (("up", "down"), ("down", "up")):
            running = project.start(command)
            at = project.db.things.count_documents(CHANGED)
            wait_until(lambda: not running.alive or abs(project.db.things.count_documents(CHANGED) - at) > 200,
                       f"`{command}` is under way")
            admin.command("configureFailPoint", "failCommand", mode="alwaysOn", data={
                "failCommands": ["insert", "update"], "errorCode": NO_ROOM,
                "namespace": f"{project.db.name}.whimbrel_journal"})
            result = running.wait(60)
            admin.command("configureFailPoint", "failCommand", mode="off")
            if command == "down" and result.rc == 0:
                continue  # undoing writes little or nothing to the journal
            self.assertEqual(1, result.rc, str(result))
            self.assertSaid("whimbrel status", result, "err")
            self.assertEqual(0, project.db.whimbrel_errors.count_documents({}), "blamed documents")
            self.assertSaid("the server has no room left on its disk", result, "err")
            changed = project.db.things.count_documents(CHANGED)
            self.assertTrue(0 < changed < DOCS, f"{changed} changed")
            self.assertEqual("failed", project.state(name))
            self.assertEqual(DOCS, project.db.things.count_documents({}))
            print(f"{command} on {topology}: no room after {changed} of {DOCS} documents")
            self.assertMigratedOnce(project, project.ok("up"))
        if project.db.things.count_documents(CHANGED):
            project.ok("down")
        self.assertEqual(0, project.db.things.count_documents(CHANGED))

    def test_no_room_for_the_journal_ends_a_run_that_resumes_on_a_standalone_server(self):
        self.no_room_for_the_journal("standalone")

    def test_no_room_for_the_journal_ends_a_run_that_resumes_on_a_replica_set(self):
        self.no_room_for_the_journal("replicaset")


if __name__ == "__main__":
    import unittest
    unittest.main()
