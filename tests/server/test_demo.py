"""`./scripts/demo`, as a newcomer types it: what it shows, and that nothing of it stays."""
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import unittest

from support.project import BINARY, clean_environment
from support.servers import die_with_parent, wait_until

DEMO = pathlib.Path(__file__).parents[2] / "scripts" / "demo"


class DemoTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="whimbrel-test-demo-")
        self.addCleanup(self.folder.cleanup)
        self.shown = pathlib.Path(self.folder.name) / "shown"

    def start(self, *args):
        """In a process group of its own, as a terminal would have it, on the programs of this build."""
        programs = pathlib.Path(BINARY).parent
        scratch = pathlib.Path(self.folder.name) / "tmp"
        scratch.mkdir()
        environment = clean_environment({"WHIMBREL_PROGRAMS": str(programs), "TMPDIR": str(scratch),
                                         "WHIMBREL_MONGOD": os.environ["WHIMBREL_MONGOD"]})
        with open(self.shown, "wb") as shown:
            process = subprocess.Popen([str(DEMO), *args], stdin=subprocess.DEVNULL, stdout=shown,
                                       stderr=subprocess.STDOUT, env=environment, start_new_session=True,
                                       preexec_fn=die_with_parent)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def said(self):
        return self.shown.read_text(errors="replace")

    def processes(self):
        """Whose command line names the demo's folder."""
        found = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                command = (process / "cmdline").read_bytes()
            except OSError:
                continue
            if self.folder.name.encode() in command:
                found.append(command)
        return found

    def assertNothingStays(self):
        wait_until(lambda: not self.processes(), "the end of all its processes", 20)
        self.assertEqual([], list((pathlib.Path(self.folder.name) / "tmp").iterdir()))

    def test_it_migrates_is_killed_goes_on_and_undoes_every_byte(self):
        demo = self.start("--docs", "60000")
        self.assertEqual(0, demo.wait(300), self.said())
        said = self.said()
        for step in ("$ whimbrel status", "$ whimbrel plan", "$ whimbrel up", "(killed)", "interrupted",
                     "MIGRATED UP: ", "MIGRATED DOWN: ", "byte for byte what they were"):
            self.assertIn(step, said)
        before, now = re.findall(r"sha256 (?:before:|now:) +([0-9a-f]{64})", said)
        self.assertEqual(before, now)
        self.assertRegex(said, r"of which [\d,]+ were done before by the interrupted run")
        self.assertNothingStays()

    def test_ctrl_c_leaves_no_process_and_no_file(self):
        demo = self.start("--docs", "200000")
        wait_until(lambda: "\n$ whimbrel up\n" in self.said() or demo.poll() is not None, "the up", 200)
        self.assertIsNone(demo.poll(), self.said())
        os.killpg(demo.pid, signal.SIGINT)
        self.assertEqual(130, demo.wait(60), self.said())
        self.assertNothingStays()

    def test_a_number_that_is_none_is_refused_at_once(self):
        demo = self.start("--docs", "many")
        self.assertNotEqual(0, demo.wait(20))
        self.assertIn("--docs needs a number, not many", self.said())
        self.assertNothingStays()


if __name__ == "__main__":
    unittest.main()
