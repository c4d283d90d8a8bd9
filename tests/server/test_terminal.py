"""The live region on a terminal: it stays within its bounds and gives the cursor back, whatever happens."""
import os
import pty
import re
import signal
import subprocess

from support.project import BINARY, clean_environment
from support.servers import die_with_parent
from support.terminal import HIDE, OnTerminal
from support.testcase import ServerTest, on

STEP = {"update": "things", "with": [{"$set": {"n": {"$add": ["$n", 1]}, "done": True}}]}


class TerminalTest(OnTerminal, ServerTest):
    def fill(self, project, count=20000, docs=50):
        project.config(engine={"workers": 2, "batch": {"docs": docs}})
        project.db.things.insert_many(({"_id": k, "n": k} for k in range(count)), ordered=False)
        return project.migration("add", STEP)

    @on("replicaset")
    def test_a_terminal_gets_live_progress_within_its_bounds(self, project):
        name = self.fill(project)
        rc, said = self.run_on_terminal(project, "up")
        self.assertEqual(0, rc, said)
        self.assertIn(f"MIGRATED UP: {name}", said)
        self.check_cursor(said)
        shares = [float(share) for share in re.findall(r"(-?\d+(?:\.\d+)?) ?%", said)]
        self.assertTrue(shares, said)
        self.assertLessEqual(max(shares), 100)
        self.assertGreaterEqual(min(shares), 0)
        self.assertNotRegex(said, r"ETA[^0-9a-z]*-\d")

    @on("replicaset")
    def test_ctrl_c_gives_the_cursor_back(self, project):
        self.fill(project)
        rc, said = self.run_on_terminal(
            project, "up", stop=lambda said: signal.SIGINT if "%" in said else None)
        self.assertEqual(130, rc, said)
        self.check_cursor(said)

    @on("replicaset")
    def test_a_failure_gives_the_cursor_back(self, project):
        self.fill(project, 3000)
        project.db.things.update_one({"_id": 2900}, {"$set": {"n": "text"}})
        rc, said = self.run_on_terminal(project, "up")
        self.assertEqual(1, rc, said)
        self.check_cursor(said)

    @on("replicaset")
    def test_no_color_is_obeyed(self, project):
        self.fill(project, 3000)
        rc, said = self.run_on_terminal(project, "status", env={"NO_COLOR": "1"})
        self.assertEqual(0, rc, said)
        self.assertNotRegex(said, r"\x1b\[[0-9;]*m")

    @on("replicaset")
    def test_progress_none_and_plain_write_no_live_region(self, project):
        self.fill(project, 3000)
        for progress in ("none", "plain"):
            rc, said = self.run_on_terminal(project, "up", "--progress", progress)
            self.assertEqual(0, rc, said)
            self.assertNotIn(HIDE, said)
            rc, said = self.run_on_terminal(project, "down", "--progress", progress)
            self.assertEqual(0, rc, said)

    @on("replicaset")
    def test_a_protected_database_asks_for_its_name(self, project):
        project.config(environments={"production": {"protected": True}})
        project.migration("one", {"insert": "things", "documents": [{"_id": 1}]})
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [BINARY, "-e", "production", "up"], cwd=project.root, stdin=theirs, stdout=theirs,
            stderr=theirs, env=clean_environment({"TERM": "xterm"}), preexec_fn=die_with_parent)
        os.close(theirs)
        self.addCleanup(process.kill)
        os.write(ours, project.db.name.encode() + b"\n")
        self.assertEqual(0, process.wait(60))
        os.close(ours)
        self.assertEqual(1, project.db.things.count_documents({}))


if __name__ == "__main__":
    import unittest
    unittest.main()
