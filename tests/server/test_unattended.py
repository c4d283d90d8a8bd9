"""Runs without a terminal: in the background, under systemd, with log files that are followed and put aside."""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

from support.process import alive
from support.project import BINARY, ROOT
from support.testcase import ServerTest, on, on_either, wait_until

DOCS = 20000
STEP = {"update": "things", "with": [{"$set": {"n": {"$add": [{"$multiply": ["$n", 2]}, 1]}, "done": True}}]}


def end(pid):
    if alive(pid):
        os.kill(pid, signal.SIGKILL)


class UnattendedTest(ServerTest):
    def filled(self, project, docs=DOCS, batch=20, **keys):
        project.config(engine={"batch": {"docs": batch}}, **keys)
        project.db.things.insert_many(({"_id": k, "n": k} for k in range(docs)), ordered=False)
        return project.migration("twice", STEP)

    def detached(self, project, *args):
        said = project.ok("up", "--detach", *args).out
        pid = int(re.search(r"pid (\d+)", said)[1])
        self.addCleanup(end, pid)
        log = pathlib.Path(re.search(r"log file: (.*)", said)[1])
        return pid, project.root / log, said

    def log(self, project):
        newest, = (project.root / "logs").glob("*.log")
        return newest

    @on_either
    def test_it_goes_on_in_the_background_when_its_parent_has_ended(self, project):
        file = self.filled(project)
        pid, log, said = self.detached(project)
        self.assertTrue(alive(pid), "it works on")
        self.assertIn("whimbrel logs -f", said)
        self.assertEqual({os.readlink(f"/proc/{pid}/fd/{n}") for n in range(3)}, {"/dev/null"})
        session = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[3])
        self.assertNotIn(session, (pid, os.getsid(0)))
        wait_until(lambda: not alive(pid), "its end", 120)
        self.assertEqual("applied", project.state(file))
        self.assertIn(f"MIGRATED UP: {file}", log.read_text())

    @on_either
    def test_sigterm_stops_it_as_any_other(self, project):
        file = self.filled(project)
        pid, _, _ = self.detached(project)
        wait_until(lambda: project.db.things.find_one({"done": True}), "a change")
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not alive(pid), "its end", 60)
        self.assertEqual("interrupted", project.state(file))
        self.assertEqual(0, project.db.changelog_lock.count_documents({}))
        project.ok("up")

    @on("standalone")
    def test_what_keeps_it_from_beginning_is_said_with_its_exit_code(self, project):
        project.config(environments={"production": {"protected": True}})
        project.db.things.insert_one({"_id": 1, "n": 1})
        project.migration("twice", STEP)
        self.assertIn("--confirm", project.exits(64, "up", "--detach", "-e", "production").err)
        project.db.changelog_lock.insert_one({"createdAt": time.time()})
        self.assertIn("lock", project.exits(75, "up", "--detach").err)
        project.db.changelog_lock.delete_many({})
        project.exits(69, "up", "--detach", "--uri", "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200")
        self.assertEqual(0, project.db.things.count_documents({"done": True}))
        self.detached(project, "-e", "production", "--confirm", project.db.name)

    @on("standalone")
    def test_with_nothing_to_do_it_stays(self, project):
        result = project.ok("up", "--detach")
        self.assertNotIn("background", result.out)
        self.assertIn("nothing to do", result.err)

    @on("standalone")
    def test_json_says_where_it_is(self, project):
        self.filled(project)
        started = project.ok("up", "--detach", "-o", "json").json()
        self.addCleanup(end, started["pid"])
        self.assertEqual(["type", "pid", "logFile"], list(started))
        self.assertTrue((project.root / started["logFile"]).exists())

    @on("standalone")
    def test_ctrl_c_while_it_waits_ends_both(self, project):
        self.filled(project)
        project.db.changelog_lock.insert_one({"createdAt": time.time()})
        parent = project.start("up", "--detach", "--wait", "5m")
        wait_until(lambda: "wait" in parent.result().err.lower() or not parent.alive, "that it waits")
        children = self.children_of(parent.process.pid)
        parent.signal(signal.SIGINT)
        self.assertEqual(143, parent.wait(30).rc)
        self.assertEqual([], [child for child in children if alive(child)])

    def children_of(self, pid):
        return [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    @on_either
    def test_logs_follows_a_run_to_its_end(self, project):
        file = self.filled(project)
        pid, log, _ = self.detached(project)
        following = project.start("logs", "-f")
        result = following.wait(120)
        self.assertFalse(alive(pid), "it ended after the run")
        self.assertEqual(0, result.rc)
        self.assertEqual(log.read_text(), result.out)
        self.assertIn(f"MIGRATED UP: {file}", result.out)
        self.assertIn("the run has ended", result.err)

    @on("standalone")
    def test_logs_follows_through_every_file_that_is_put_aside(self, project):
        self.filled(project, log={"maxSize": "700B", "keep": 1000}, docs=DOCS * 3, batch=200)
        pid, log, _ = self.detached(project)
        result = project.ok("logs", "-f")
        wait_until(lambda: not alive(pid), "its end", 120)
        aside = sorted((project.root / "logs").glob("*.log.*"), key=lambda path: -int(path.suffix[1:]))
        self.assertGreater(len(aside), 0)
        whole = "".join(path.read_text() for path in [*aside, log])
        self.assertTrue(whole.endswith(result.out), "every line from where it began to read, none twice")
        self.assertIn("processed", result.out)
        for path in aside:
            self.assertLess(path.stat().st_size, 700 + 500)

    @on("standalone")
    def test_only_so_many_files_are_kept(self, project):
        self.filled(project, docs=3000, log={"maxSize": "200B", "keep": 2})
        project.ok("up")
        self.assertEqual([".1", ".2"], sorted(path.suffix for path in (project.root / "logs").glob("*.log.*")))

    @on("standalone")
    def test_logs_of_an_earlier_run(self, project):
        self.filled(project, docs=10)
        project.ok("up")
        first = self.log(project)
        project.ok("down")
        newest, = set((project.root / "logs").glob("*.log")) - {first}
        self.assertEqual(max(newest, first).read_text(), project.ok("logs").out)
        run = first.stem.rpartition("-")[2]
        for name in (run, first.stem, first.name):
            self.assertEqual(first.read_text(), project.ok("logs", "--run", name).out)
        self.assertIn("no log files of a run 'none'", project.exits(66, "logs", "--run", "none").err)
        self.assertIn("the run has ended", project.ok("logs", "-f").err)

    @on("standalone")
    def test_without_logs_it_says_who_writes_them(self, project):
        self.assertIn("whimbrel up", project.exits(66, "logs").err)

    @on("standalone")
    def test_after_sighup_the_log_goes_to_a_new_file_of_that_name(self, project):
        self.filled(project)
        pid, log, _ = self.detached(project)
        aside = log.with_suffix(".aside")
        log.rename(aside)
        os.kill(pid, signal.SIGHUP)
        wait_until(lambda: log.exists() or not alive(pid), "the new file", 60)
        wait_until(lambda: not alive(pid), "its end", 120)
        self.assertIn("processed", log.read_text())
        self.assertNotIn("processed", aside.read_text())

    def test_wrong_words_for_the_log_are_refused(self):
        project = self.project("standalone")
        project.config(log={"maxsize": "1MiB"})
        self.assertIn("did you mean 'maxSize'", project.exits(78, "status").err)
        project.config(log={"maxSize": "much"})
        self.assertIn("log.maxSize must be a size", project.exits(78, "status").err)

    def manager(self, project, abstract):
        """The socket of a service manager, and its name for $NOTIFY_SOCKET."""
        one = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(one.close)
        name = f"@whimbrel-test-{os.getpid()}-{project.db.name}" if abstract else str(project.root / "notify")
        one.bind(name.replace("@", "\0", 1))
        return one, name

    def messages(self, one, running=None):
        """What is there, or with `running` all that comes until it ends: a queue holds few of them."""
        found = []
        while True:
            going = running is not None and running.alive
            one.settimeout(0.1 if going else 0)
            try:
                found.append(one.recv(4096).decode())
            except (BlockingIOError, TimeoutError):
                if not going:
                    return found

    @on_either
    def test_a_service_manager_is_told_how_it_is(self, project):
        for abstract in (False, True):
            project.empty()
            one, name = self.manager(project, abstract)
            file = self.filled(project, docs=6000)
            running = project.start("up", env={"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "400000"})
            begun = time.monotonic()
            told = self.messages(one, running)
            seconds = time.monotonic() - begun
            self.assertEqual(0, running.wait().rc)
            self.assertEqual(1, sum(message.startswith("READY=1") for message in told))
            self.assertEqual(1, told.count("STOPPING=1"))
            self.assertTrue(any(message.startswith(f"STATUS={file}  update things: ") for message in told))
            pings = told.count("WATCHDOG=1")
            self.assertGreater(pings, seconds / 0.4 * 0.5)
            self.assertLess(pings, seconds / 0.2 + 2)
            self.assertLess(told.index(next(m for m in told if m.startswith("READY=1"))), told.index("STOPPING=1"))
            project.ok("down")

    @on("standalone")
    def test_ready_comes_with_the_lock_and_not_before(self, project):
        one, name = self.manager(project, False)
        self.filled(project, docs=10)
        project.db.changelog_lock.insert_one({"createdAt": time.time()})
        running = project.start("up", "--wait", "5m", env={"NOTIFY_SOCKET": name})
        wait_until(lambda: "wait" in running.result().err.lower() or not running.alive, "that it waits")
        self.assertEqual([], self.messages(one))
        project.db.changelog_lock.delete_many({})
        self.assertEqual(0, running.wait().rc)
        self.assertTrue(self.messages(one)[0].startswith("READY=1"))

    @on("standalone")
    def test_ready_comes_also_with_nothing_to_do_and_the_watchdog_only_when_asked(self, project):
        one, name = self.manager(project, False)
        project.ok("up", env={"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "2000", "WATCHDOG_PID": "1"})
        told = self.messages(one)
        self.assertTrue(told[0].startswith("READY=1"), told)
        self.assertNotIn("WATCHDOG=1", told)
        project.ok("up", env={"NOTIFY_SOCKET": "/no/such/socket"})
        project.ok("up", env={"NOTIFY_SOCKET": "x" * 300})

    def test_the_units_are_what_systemd_takes(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("no systemd-analyze here")
        project = self.project("standalone")
        for name in ("whimbrel-shop.service", "whimbrel-shop.timer"):
            text = (ROOT / "examples" / "systemd" / name).read_text().replace("/usr/local/bin/whimbrel", str(BINARY))
            (project.root / name).write_text(text)
        for name in ("whimbrel-shop.service", "whimbrel-shop.timer"):
            checked = subprocess.run(["systemd-analyze", "verify", "--man=no", str(project.root / name)],
                                     capture_output=True, text=True, timeout=60)
            self.assertEqual((0, ""), (checked.returncode, checked.stderr), name)

    @on("standalone")
    def test_cron_and_the_unit_use_words_that_there_are(self, project):
        self.filled(project, docs=10, environments={"production": {"protected": True}})
        unit = (ROOT / "examples" / "systemd" / "whimbrel-shop.service").read_text()
        cron = (ROOT / "examples" / "cron" / "whimbrel-shop").read_text().splitlines()[-1]
        for line in (re.search("ExecStart=(.*)", unit)[1], cron.partition("exec ")[2].partition(" >")[0]):
            words = line.replace("/srv/shop", str(project.root)).split()[1:]
            words[words.index("--confirm") + 1] = project.db.name
            self.assertIn("MIGRATED UP", project.ok(*words).out)
            project.ok("down", "-e", "production", "--confirm", project.db.name)
