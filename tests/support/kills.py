"""Kill -9 at seeded moments: whatever the moment, the run resumes and nothing is doubled or lost."""
import itertools
import time

from support.figures import record
from support.testcase import LONG, ServerTest, wait_until

DOCS = 20000 if LONG else 2000
MOMENTS = 150 if LONG else 30
NEW_DATABASES = 0.2  # share of the rounds in which whimbrel's collections are made anew, without --long
STEP = {
    "update": "things",
    "with": [{"$set": {"n": {"$add": [{"$multiply": ["$n", 2]}, 1]}, "seen": {"$add": ["$k", 0.5]}}},
             {"$unset": "old"}],
}


class KillTest(ServerTest):
    """Subclassed once a topology, so that ctest runs the two at once."""

    topology = None
    what = "kills at random moments"
    kills = 0  # that hit a running program
    docs = DOCS
    moments_wanted = MOMENTS
    settings = {"workers": 2, "batch": {"docs": 100 if LONG else 33}}

    def record_kills(self):
        """At the end of a test, when nothing was found lost or doubled."""
        record(self.what, self.topology, kills=self.kills, lost=0, doubled=0)

    def twice(self, project):
        """Writes the migration n -> 2n + 1; returns its name."""
        return project.migration("twice", STEP)

    def make_source(self, project):
        """A database that every round copies its documents from."""
        source = project.db.client[project.db.name + "_source"]
        self.addCleanup(project.db.client.drop_database, source.name)
        source.things.insert_many(
            ({"_id": k if k % 3 else f"s{k}", "k": k, "n": k, "old": k % 17, "pad": "x" * (k % 90)}
             for k in range(self.docs)), ordered=False)
        return source

    def fresh(self, project, source):
        anew = LONG or self.random.random() < NEW_DATABASES
        project.empty() if anew else project.clear()
        source.things.aggregate([{"$out": {"db": project.db.name, "coll": "things"}}])

    def finish(self, project, command):
        """Runs the command until it exits 0; the dead process's lock may hold it off for a while, but
        nothing that it left on the server may hold it off for longer."""
        start = time.monotonic()

        def done():
            result = project.run(command, "--wait", "60s")
            self.assertIn(result.rc, (0, 75), str(result))
            return result.rc == 0
        wait_until(done, f"`{command}` resumes", 180, pause=0.2)
        self.assertLess(time.monotonic() - start, 45, f"seconds until `{command}` was through")

    def assertMigratedOnce(self, project, message):
        wrong = list(project.db.things.aggregate([
            {"$match": {"$expr": {"$or": [
                {"$ne": ["$n", {"$add": [{"$multiply": ["$k", 2]}, 1]}]},
                {"$ne": ["$seen", {"$add": ["$k", 0.5]}]},
                {"$ne": [{"$type": "$old"}, "missing"]}]}}},
            {"$limit": 5}]))
        self.assertEqual([], wrong, message)
        self.assertEqual(self.docs, project.db.things.count_documents({}), message)
        self.assertNoScratch(project, message)

    def assertNoScratch(self, project, message):
        self.assertEqual([], project.db.list_collection_names(filter={"name": {"$regex": "scratch"}}), message)

    def seconds_of(self, project, command):
        start = time.monotonic()
        project.ok(command)
        return time.monotonic() - start

    def moments(self, seconds):
        """Moments spread over the whole run, one at random in each equal part of it, again and again."""
        part = seconds * 1.05 / self.moments_wanted
        while True:
            moments = [(i + self.random.random()) * part for i in range(self.moments_wanted)]
            self.random.shuffle(moments)
            yield from moments

    def kill_after(self, project, moment, command):
        running = project.start(command)
        deadline = time.monotonic() + moment
        wait_until(lambda: time.monotonic() >= deadline or not running.alive, "the moment", 60, 0.001)
        alive = running.alive
        running.kill()
        self.kills += alive
        return alive

    def check_state_after_kill(self, project, name, message):
        self.assertIn(project.state(name), ("pending", "interrupted", "applied"), message)

    def run_up_killed_at_every_moment(self):
        project = self.project(self.topology)
        source = self.make_source(project)
        project.config(engine=self.settings)
        name = self.twice(project)
        self.fresh(project, source)
        before = project.raw()
        moments = self.moments(self.seconds_of(project, "up"))
        alive = 0  # kills that hit a running program
        for number, moment in enumerate(itertools.islice(moments, 3 * self.moments_wanted)):
            if alive == self.moments_wanted:
                break
            message = f"kill {number} after {moment:.4f} s, seed {self.seed}"
            self.fresh(project, source)
            alive += self.kill_after(project, moment, "up")
            self.check_state_after_kill(project, name, message)
            if number % 4 == 0:  # the resumed run dies too
                self.kill_after(project, moment / 2, "up")
            if number % 8 == 5:  # an interrupted run is undone instead
                self.finish(project, "down")
                self.assertSameBytes(before, project.raw(), message)
                self.assertNoScratch(project, message)
                continue
            self.finish(project, "up")
            self.assertMigratedOnce(project, message)
            self.assertEqual(1, project.db.changelog.count_documents({}), message)
            if number % 8 == 3:
                project.ok("down")
                self.assertSameBytes(before, project.raw(), message)
        self.assertEqual(self.moments_wanted, alive, "kills that hit a running program")
        self.record_kills()

    def run_down_killed_at_every_moment(self):
        project = self.project(self.topology)
        source = self.make_source(project)
        project.config(engine=self.settings)
        self.twice(project)
        self.fresh(project, source)
        before = project.raw()
        project.ok("up")
        after = project.raw()
        seconds = self.seconds_of(project, "down")
        self.assertSameBytes(before, project.raw())
        for number, moment in enumerate(itertools.islice(self.moments(seconds), self.moments_wanted // 3)):
            message = f"kill {number} after {moment:.4f} s, seed {self.seed}"
            project.ok("up")
            self.assertSameBytes(after, project.raw(), message)
            self.kill_after(project, moment, "down")
            self.finish(project, "down")
            self.assertSameBytes(before, project.raw(), message)
        self.record_kills()

    def run_delete_and_copy_killed(self):
        project = self.project(self.topology)
        source = self.make_source(project)
        project.config(engine=self.settings)
        project.migration(
            "split", {"copy": "things", "to": "kept", "where": {"k": {"$mod": [2, 0]}},
                      "with": [{"$set": {"copied": True}}]},
            {"delete": "things", "where": {"k": {"$mod": [2, 0]}}})
        self.fresh(project, source)
        before = project.raw()
        moments = self.moments(self.seconds_of(project, "up"))
        for number, moment in enumerate(itertools.islice(moments, self.moments_wanted // 3)):
            message = f"kill {number} after {moment:.4f} s, seed {self.seed}"
            self.fresh(project, source)
            self.kill_after(project, moment, "up")
            self.finish(project, "up")
            self.assertEqual(self.docs // 2, project.db.things.count_documents({"k": {"$mod": [2, 1]}}), message)
            self.assertEqual(self.docs // 2, project.db.things.count_documents({}), message)
            self.assertEqual(self.docs // 2, project.db.kept.count_documents({"copied": True}), message)
            if number % 3 == 0:
                project.ok("down")
                self.assertSameBytes(before, project.raw(), message)
                self.assertEqual(0, project.db.kept.count_documents({}), message)
        self.record_kills()
