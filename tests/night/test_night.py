"""A whole night by itself: windows, a step-down, a secondary that falls behind, a pause, kill -9, a restart."""
import datetime
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading

import pymongo

from support.replica_set import ReplicaSet
from support.testcase import LONG, ServerTest, wait_until

DOCS = 2_000_000 if LONG else 24_000
RATE = 20_000 if LONG else 1_400
WRITERS = 2
STEP = {"update": "users", "where": {"v": {"$ne": 2}}, "with": [{"$set": {"v": 2, "n": {"$add": ["$n", 1]}}}],
        "check": [{"none": {"v": {"$ne": 2}}}]}


class Application:
    """Writers that count what was acknowledged: increments of known documents, and new documents."""

    def __init__(self, uri, database, rng):
        self.uri, self.database, self.rng = uri, database, rng
        self.stop = threading.Event()
        self.increments, self.inserted, self.unsure = 0, 0, 0
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.work, args=(i,)) for i in range(WRITERS)]

    def work(self, number):
        with pymongo.MongoClient(self.uri, retryWrites=True, w="majority") as client:
            users = client[self.database].users
            rng = type(self.rng)(number)
            new = 0
            while not self.stop.is_set():
                try:
                    if rng.random() < 0.1:
                        users.insert_one({"_id": f"new-{number}-{new}", "n": 1, "v": 2, "w": 0})
                        new += 1
                        with self.lock:
                            self.inserted += 1
                    else:
                        users.update_one({"_id": rng.randrange(DOCS)}, {"$inc": {"w": 1}})
                        with self.lock:
                            self.increments += 1
                except pymongo.errors.PyMongoError:
                    with self.lock:
                        self.unsure += 1  # it may have happened
                self.stop.wait(0.01)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *unused):
        self.stop.set()
        for thread in self.threads:
            thread.join()


class ServiceManager:
    """Starts `up` again whenever it ended with something that a restart may mend."""

    FINAL = {0, 3, 64, 65, 66, 73, 77, 78}

    def __init__(self, project, *args):
        self.project, self.args = project, args
        self.ended = threading.Event()
        self.results = []
        self.running = project.start(*args)
        self.thread = threading.Thread(target=self.look_after)
        self.thread.start()

    def look_after(self):
        while True:
            result = self.running.wait(3600)
            self.results.append(result)
            if result.rc in self.FINAL:
                break
            self.running = self.project.start(*self.args, "--wait", "2m")
        self.ended.set()

    def kill(self):
        """kill -9; the other thread waits for it."""
        self.running.signal(signal.SIGKILL)

    def said(self):
        return "\n".join(str(result) for result in self.results)


class NightTest(ServerTest):
    def setUp(self):
        super().setUp()
        self.members = ReplicaSet()
        self.addCleanup(self.members.stop)
        self.project_ = self.project("replicaset", self.members.uri)
        batch = 10_000
        for start in range(0, DOCS, batch):
            self.project_.db.users.insert_many(
                [{"_id": k, "n": k, "w": 0} for k in range(start, min(DOCS, start + batch))])

    def seconds_from_now(self, seconds):
        now = self.project_.db.command("hello")["localTime"]
        return f"{now + datetime.timedelta(seconds=seconds):%H:%M:%S}"

    def run_document(self):
        return self.project_.db.whimbrel_runs.find_one({"migration": {"$exists": True}}) or {}

    def state(self):
        return (self.run_document().get("steered") or {}).get("state")

    def until(self, condition, what, seconds=120):
        def holds():
            try:
                return condition()
            except pymongo.errors.PyMongoError:
                return False  # between two primaries
        return wait_until(holds, f"{what}; run {self.run_document()}", seconds)

    def done(self):
        return sum(r["counts"]["scanned"] for r in self.project_.db.whimbrel_ranges.find({"counts": {"$exists": True}}))

    def goes_on(self, what):
        before = self.done()
        self.until(lambda: self.done() > before, what)

    def test_a_night_ends_with_every_document_once_and_every_promise_kept(self):
        project = self.project_
        project.config(engine={"workers": 2, "batch": {"docs": 200}}, throttle={"maxLag": "2s"})
        name = project.migration("night", STEP)
        project.ok("test", name)
        project.ok("rehearse", name, "--docs", "500")
        project.ok("backup", "--out", "before")
        project.ok("backup", "verify", "before")

        first = f"{self.seconds_from_now(-60)}-{self.seconds_from_now(10)} UTC"
        second = f"{self.seconds_from_now(16)}-{self.seconds_from_now(7200)} UTC"
        application = Application(self.members.uri, project.db.name, self.random)
        with application:
            service = ServiceManager(project, "up", "--window", first, "--window", second, "--max-rate", RATE)
            self.addCleanup(project.end_all)
            self.until(lambda: self.done() > 0, "the first batch")
            self.until(lambda: self.state() == "waiting", "the window closes")
            self.until(lambda: self.state() == "running", "the next one opens")
            self.goes_on("it goes on in it")

            self.members.step_down()
            self.goes_on("it goes on under another primary")

            behind = self.members.secondaries()[0]
            self.members.replicate(behind, on=False)
            self.until(lambda: self.state() == "throttled", "a secondary falls behind")
            self.assertIn(str(behind.port), self.run_document()["steered"]["reason"])
            self.members.replicate(behind, on=True)
            self.until(lambda: self.state() == "running", "it has caught up")
            self.goes_on("it goes on after that")

            project.ok("pause", "--why", "looking at something")
            before = self.done()
            service.kill()
            self.until(lambda: len(service.results) >= 1 and self.state() == "paused", "it is started again, paused")
            self.assertEqual(before, self.done())
            self.until(lambda: project.run("resume").rc == 0, "it is resumed")
            self.goes_on("it goes on")

            service.kill()
            self.until(lambda: len(service.results) >= 2, "it was killed")
            self.goes_on("it was started again")
            self.until(lambda: project.run("set", "throttle.maxRate=off").rc == 0, "it takes a setting")
            self.assertTrue(service.ended.wait(3600 if LONG else 300))
        service.thread.join()
        self.assertEqual(0, service.results[-1].rc, service.said())

        self.assertEqual({name: "applied"}, project.states())
        project.ok("verify", name)
        project.ok("backup", "verify", "before")
        self.assertEveryPromise(application)
        self.assertPageOpens(name)

    def assertEveryPromise(self, application):
        users = self.project_.db.users
        once = {"_id": {"$type": "int"}, "v": 2, "$expr": {"$eq": ["$n", {"$add": ["$_id", 1]}]}}
        self.assertEqual(DOCS, users.count_documents(once))
        new = users.count_documents({"_id": {"$type": "string"}, "v": 2, "n": 1})
        total = next(users.aggregate([{"$group": {"_id": None, "w": {"$sum": "$w"}}}]))["w"]
        self.assertEqual(DOCS + new, users.count_documents({}))
        # What was acknowledged is there; what was not may be.
        for acknowledged, found in ((application.inserted, new), (application.increments, total)):
            self.assertGreaterEqual(found, acknowledged)
            self.assertLessEqual(found, acknowledged + application.unsure)
        self.assertEqual(1, self.project_.db.changelog.count_documents({}))

    def assertPageOpens(self, name):
        page = self.project_.root / "report.html"
        self.project_.ok("report", name, "-o", "html", "--out", page)
        browser = os.environ.get("WHIMBREL_BROWSER") or shutil.which("chromium") or shutil.which("google-chrome")
        if not browser:
            print("no browser here: the report page was not opened")
            return
        profile = tempfile.mkdtemp(prefix="whimbrel-browser-")
        self.addCleanup(shutil.rmtree, profile, ignore_errors=True)
        picture = pathlib.Path(os.environ.get("WHIMBREL_PICTURE", self.project_.root / "report.png"))
        shown = subprocess.run(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             f"--user-data-dir={profile}", f"--screenshot={picture}", "--window-size=1000,1900", "--dump-dom",
             page.as_uri()], capture_output=True, text=True, timeout=120)
        self.assertIn(name, shown.stdout)
        self.assertIn("<svg", shown.stdout)
        self.assertGreater(picture.stat().st_size, 10_000)
