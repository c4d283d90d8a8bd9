"""The kill tests with a transform in JavaScript."""
import itertools
import os
import signal
import time

from support.kills import MOMENTS, KillTest
from support.scripts import ScriptTest, quarantined, script
from support.testcase import LONG, wait_until

# Every way to say it: operators, a whole document, and what only the server can compute.
TRANSFORM = """transform(doc) {
    const n = doc.n * 2 + 1;
    if (doc.k % 50 === 7) return [{ $set: { n: { $add: [{ $multiply: ['$n', 2] }, 1] }, seen: doc.k + 0.5 } },
      { $unset: 'old' }];
    if (doc.k % 50 === 8) return { $inc: { n: doc.n + 1 }, $set: { seen: doc.k + 0.5 }, $unset: { old: '' } };
    if (doc.k % 2) return { $set: { n, seen: doc.k + 0.5 }, $unset: { old: '' } };
    const { old, ...rest } = doc;
    return { ...rest, n, seen: doc.k + 0.5 };
  }"""
TELL = "require('fs').appendFileSync('hosts', `${process.pid}\\n`);"


class ScriptKillTest(ScriptTest, KillTest):
    what = "kills at random moments, JavaScript"
    docs = 8000 if LONG else 1200
    moments_wanted = MOMENTS if LONG else 10  # on each topology
    settings = {"workers": 2, "batch": {"docs": 100 if LONG else 30}}

    def twice(self, project):
        return script(project, TRANSFORM, f"setup() {{ {TELL} }}")

    def living_hosts(self, project):
        path = project.root / "hosts"
        pids = [int(line) for line in path.read_text().split()] if path.exists() else []
        return [pid for pid in pids if os.path.exists(f"/proc/{pid}")]

    def kill_hosts_after(self, project, running, moment):
        """Kills a host that works at that moment; false when there was none any more."""
        deadline = time.monotonic() + moment
        wait_until(lambda: time.monotonic() >= deadline or not running.alive, "the moment", 60, 0.001)
        hosts = self.living_hosts(project)
        if not running.alive or not hosts:
            return False
        try:
            os.kill(self.random.choice(hosts), signal.SIGKILL)
        except ProcessLookupError:
            return False
        self.kills += 1
        return True

    def run_with_killed_hosts(self):
        project = self.project(self.topology)
        source = self.make_source(project)
        project.config(engine=self.settings)
        self.twice(project)
        self.fresh(project, source)
        moments = self.moments(self.seconds_of(project, "up"))
        killed = 0
        for number, moment in enumerate(itertools.islice(moments, 5 * self.moments_wanted)):
            if killed >= self.moments_wanted:
                break
            message = f"kill {number} after {moment:.4f} s, seed {self.seed}"
            self.fresh(project, source)
            (project.root / "hosts").unlink(missing_ok=True)
            running = project.start("up")
            killed += self.kill_hosts_after(project, running, moment)
            result = running.wait()
            # A host that dies in teardown fails the step; its documents are done.
            self.assertIn(result.rc, (0, 1), str(result))
            if result.rc == 1:
                project.ok("up")
            self.assertMigratedOnce(project, message)
        self.assertGreaterEqual(killed, self.moments_wanted, "kills that hit a host")
        self.record_kills()

    def run_with_failures_killed(self):
        """Documents that throw are in quarantine in the end, and no others, whatever was killed when."""
        project = self.project(self.topology)
        source = self.make_source(project)
        project.config(engine={**self.settings, "maxErrors": self.docs})
        script(project, """transform(doc) {
            if (doc.k % 97 === 5) throw new Error('five');
            return doc.k % 11 === 3 ? null : { $set: { n: doc.n * 2 + 1 } };
          }""")
        bad = [k if k % 3 else f"s{k}" for k in range(self.docs) if k % 97 == 5]
        self.fresh(project, source)
        start = time.monotonic()
        project.exits(3, "up")
        moments = self.moments(time.monotonic() - start)
        wanted = self.moments_wanted if LONG else self.moments_wanted // 3
        for number, moment in enumerate(itertools.islice(moments, wanted)):
            message = f"kill {number} after {moment:.4f} s, seed {self.seed}"
            self.fresh(project, source)
            self.kill_after(project, moment, "up")
            if project.state("20240101000001-script.js") != "applied":
                result = project.exits(3, "up", "--wait", "60s", "-o", "json").json()["documents"]
                self.assertEqual(len(bad), result["quarantined"], message)
            self.assertEqual(sorted(bad, key=str), sorted(quarantined(project), key=str), message)
            wrong = project.db.things.count_documents({"$expr": {"$ne": ["$n", {"$switch": {
                "branches": [{"case": {"$eq": [{"$mod": ["$k", 97]}, 5]}, "then": "$k"},
                             {"case": {"$eq": [{"$mod": ["$k", 11]}, 3]}, "then": "$k"}],
                "default": {"$add": [{"$multiply": ["$k", 2]}, 1]}}}]}})
            self.assertEqual(0, wrong, message)
        self.record_kills()
