"""Scripts of migrate-mongo projects under whimbrel's own commands: failed, killed, hanging, flooding."""
import os
import signal
import time

from support.javascript import js_project, twins
from support.process import alive
from support.testcase import LONG, ServerTest, on, wait_until

MOMENTS = 60 if LONG else 20
STEPS, STEP_MS = 12, 20
SCRIPT = f"""
    const run = new (require('mongodb').ObjectId)();
    for (let i = 0; i < {STEPS}; i += 1) {{
      await db.collection('steps').insertOne({{ run, i }});
      await new Promise((resolve) => setTimeout(resolve, {STEP_MS}));
    }}"""


def host_of(process):
    """The pid of the Node host of a running whimbrel, or None."""
    try:
        with open(f"/proc/{process.pid}/task/{process.pid}/children") as children:
            pids = children.read().split()
    except FileNotFoundError:
        return None
    return int(pids[0]) if pids else None


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


class KilledScriptTest(ServerTest):
    def moments(self):
        """One at random in each equal part of the time that the script runs, and a little around it."""
        whole = STEPS * STEP_MS / 1000 * 1.3
        return [(k + self.random.random()) * whole / MOMENTS for k in range(MOMENTS)]

    def started(self, js):
        """A run whose host is about to work; moments are counted from its first step on, or from just
        before it."""
        js.db.steps.drop()
        js.db.changelog.delete_many({})
        js.db.whimbrel_runs.delete_many({"migration": {"$exists": True}})
        running = js.start("up")
        wait_until(lambda: js.db.whimbrel_runs.count_documents({"steps.state": "running"}), "the script", 30, 0.002)
        return running

    def check_interrupted(self, js, name, message):
        """It is said, nothing goes on, and either answer ends it."""
        steps = js.db.steps.count_documents({})
        if js.db.whimbrel_runs.count_documents({"steps.state": "done"}):  # it is known to have ended
            js.ok("up")
            self.assertEqual((STEPS, STEPS), (steps, js.db.steps.count_documents({})), message)
            return
        refused = js.exits(1, "up")
        self.assertIn("was interrupted", refused.err, message)
        self.assertIn("--interrupted-command redo", refused.err, message)
        self.assertEqual(steps, js.db.steps.count_documents({}), message)
        if self.random.random() < 0.5:
            js.ok("up", "--interrupted-command", "skip")
            self.assertEqual(steps, js.db.steps.count_documents({}), message)
        else:
            js.ok("up", "--interrupted-command", "redo")
            self.assertEqual(steps + STEPS, js.db.steps.count_documents({}), message)
        self.assertEqual("applied", js.state(name), message)

    def kill_at_every_moment(self, js, victim):
        name = js.script("a", SCRIPT)
        seen = {"interrupted": 0, "applied": 0}
        for moment in self.moments():
            running = self.started(js)
            time.sleep(moment)
            host = host_of(running.process)
            pid = victim(running.process)
            if pid:
                kill(pid)
            running.wait()
            wait_until(lambda: not os.path.exists(f"/proc/{host}"), "the host is gone")
            time.sleep(0.05)  # the server may still have a last command of its
            steps = js.db.steps.count_documents({})
            state = js.state(name)
            self.assertEqual(steps, js.db.steps.count_documents({}), "somebody goes on writing")
            message = f"killed after {moment:.3f} s with {steps} steps done: {state}"
            self.assertIn(state, seen, message)
            seen[state] += 1
            if state == "interrupted":
                self.check_interrupted(js, name, message)
            else:
                self.assertEqual(STEPS, steps, message)
        self.assertGreater(seen["interrupted"], MOMENTS / 2, str(seen))

    @on("replicaset")
    def test_whimbrel_is_killed_at_any_moment(self, project):
        self.kill_at_every_moment(js_project(self, "replicaset"), lambda process: process.pid)

    @on("replicaset")
    def test_its_host_is_killed_at_any_moment(self, project):
        self.kill_at_every_moment(js_project(self, "replicaset"), host_of)


class ScriptTest(ServerTest):
    def test_a_killed_script_runs_again_without_a_question_as_migrate_mongo(self):
        js = js_project(self, "standalone")
        name = js.script("a", SCRIPT)
        running = js.start_ours("up")
        wait_until(lambda: js.db.steps.count_documents({}) > 2, "the script runs")
        running.kill()
        self.assertEqual("interrupted", js.state(name))
        result = js.ours("up")
        self.assertEqual((0, f"MIGRATED UP: {name}\n", ""), (result.rc, result.out, result.err))
        self.assertEqual("applied", js.state(name))

    def test_migrate_mongo_finishes_what_whimbrel_left(self):
        js = js_project(self, "standalone")
        name = js.script("a", SCRIPT, "    await db.collection('steps').deleteMany({});")
        running = js.start("up")
        wait_until(lambda: js.db.steps.count_documents({}) > 2, "the script runs")
        running.kill()
        self.assertEqual(f"MIGRATED UP: {name}\n", js.theirs("up").out)
        self.assertEqual("applied", js.state(name))
        js.ok("down")
        self.assertEqual("pending", js.state(name))
        self.assertEqual(0, js.db.steps.count_documents({}))

    def test_a_killed_down_is_asked_about(self):
        js = js_project(self, "replicaset")
        name = js.script("a", "", SCRIPT)
        js.ok("up")
        running = js.start("down")
        wait_until(lambda: js.db.steps.count_documents({}) > 2, "the script runs")
        running.kill()
        self.assertEqual("interrupted", js.state(name))
        self.assertIn(name, js.theirs("status").out)
        result = js.ours("down")
        self.assertEqual((0, f"MIGRATED DOWN: {name}\n"), (result.rc, result.out), result)
        self.assertEqual("pending", js.state(name))
        self.assertEqual([], js.changelog())

    def test_a_failed_script_may_be_mended(self):
        js = js_project(self, "replicaset")
        first = js.script("a", "    await db.collection('x').insertOne({ _id: 1 });")
        second = js.script("b", "    await db.collection('x').insertOne({ _id: 2 });\n    throw new Error('half way');")
        result = js.exits(1, "up")
        self.assertIn(f"{second}:4: half way", result.err)
        self.assertEqual({first: "applied", second: "failed"}, js.states())
        js.script(second, "    await db.collection('x').replaceOne({ _id: 2 }, { ok: 1 });")
        js.ok("up")
        self.assertEqual({first: "applied", second: "applied"}, js.states())
        self.assertEqual(1, js.db.x.find_one({"_id": 2})["ok"])

    def test_an_exit_and_an_uncaught_rejection_are_failures(self):
        js = js_project(self, "replicaset")
        name = js.script("a", "    process.exit(0);")
        for said in ("process.exit(0) was called on line 3", "nobody caught Error: late"):
            result = js.exits(1, "up")
            self.assertIn(said, result.err)
            self.assertEqual("failed", js.state(name))
            js.script(name, "    Promise.reject(new Error('late')); await new Promise(() => {});")
        js.script(name, "")
        js.ok("up")

    def test_what_the_project_itself_listens_to_ends_nothing(self):
        """Where Node goes on with migrate-mongo, it goes on with whimbrel."""
        listeners = {
            "unhandledRejection": "Promise.reject(new Error('stray'));",
            "uncaughtException": "setTimeout(() => { throw new Error('stray'); });",
            "uncaughtException ": "Promise.reject(new Error('stray'));",
        }
        both = twins(self)
        for event, action in listeners.items():
            both.script("a", f"""
                const seen = new Promise((resolve) => process.once('{event.strip()}', resolve));
                {action}
                const {{ message }} = await seen;
                await db.collection('seen').insertOne({{ _id: '{event}', message }});""")
        both.run("up")
        both.same()
        self.assertEqual(3, both.ours.db.seen.count_documents({"message": "stray"}))

    def test_a_failed_down_stays_to_be_undone(self):
        js = js_project(self, "replicaset")
        name = js.script("a", "", "    throw new Error('cannot');")
        js.ok("up")
        self.assertIn("cannot", js.exits(1, "down").err)
        self.assertEqual(1, js.ours("down").rc)
        self.assertEqual("", js.theirs("up").out)
        js.script(name, "", "")
        js.ok("down")
        self.assertEqual("pending", js.state(name))

    def test_a_flood_of_output_is_read_and_bounded(self):
        js = js_project(self, "replicaset")
        js.script("a", "    const line = 'x'.repeat(100);\n"
                       "    for (let i = 0; i < 300000; i += 1) process.stdout.write(`${line} ${i}\\n`);")
        result = js.ok("up")
        self.assertIn("further lines are dropped", result.err)
        self.assertLess(len(result.out.splitlines()), 100_010)
        self.assertPeakBelow(150 << 20, result.usage)

    def test_an_interrupted_script_is_explained_by_status(self):
        js = js_project(self, "replicaset")
        name = js.script("a", SCRIPT, SCRIPT)
        for command, answer in (("up", "skip"), ("down", "redo")):
            count = js.db.steps.count_documents({})
            running = js.start(command)
            wait_until(lambda: js.db.steps.count_documents({}) > count + 2, "the script runs")
            running.kill()
            status = js.ok("status")
            self.assertIn("interrupted, and nobody knows how far it came", status.out)
            refused = js.exits(1, command).err
            for choice in ("redo", "skip"):
                asked = f"`whimbrel {command} --interrupted-command {choice}`"
                self.assertIn(asked, status.err)
                self.assertIn(asked, refused)
            self.assertNotIn("whimbrel plan", status.err)
            entry = js.ok("status", "-o", "json").json()["migrations"][0]
            self.assertIn(f"whimbrel {command} --interrupted-command redo", entry["next"])
            steps = js.db.steps.count_documents({})
            js.ok(command, "--interrupted-command", answer)
            self.assertEqual(steps + (STEPS if answer == "redo" else 0), js.db.steps.count_documents({}))
        self.assertEqual("pending", js.state(name))

    def test_a_hanging_script_ends_when_the_lock_is_lost(self):
        js = js_project(self, "replicaset")
        name = js.script("a", "    await db.collection('x').insertOne({ _id: 1 });\n    for (;;);")
        running = js.start("up")
        wait_until(lambda: js.db.x.count_documents({}), "the script runs")
        host = host_of(running.process)
        js.db.changelog_lock.delete_many({})
        result = running.wait(timeout=30)
        self.assertEqual(75, result.rc, result)
        wait_until(lambda: not os.path.exists(f"/proc/{host}"), "the host is gone")
        self.assertEqual("interrupted", js.state(name))
        self.assertIn("was interrupted", js.exits(1, "up").err)

    def test_the_script_of_a_stopped_runner_ends_before_another_can_take_the_lock_over(self):
        js = js_project(self, "replicaset")
        js.script("a", "    for (;;) await db.collection('x').insertOne({ at: new Date() });")
        running = js.start("up")
        wait_until(lambda: js.db.x.count_documents({}), "the script runs")
        host = host_of(running.process)
        running.signal(signal.SIGSTOP)
        lease_end = js.db.changelog_lock.find_one()["expiresAt"]
        wait_until(lambda: not alive(host), "the host is gone", 40)
        last = js.db.x.find_one(sort=[("at", -1)])["at"]
        self.assertLess(last, lease_end)
        js.ok("unlock", "--force")
        running.signal(signal.SIGCONT)
        self.assertIn(running.wait(timeout=30).rc, (1, 75))

    def test_two_runners(self):
        js = js_project(self, "replicaset")
        js.script("a", SCRIPT)
        runs = [js.start("up", "--wait", "30s") for _ in range(3)]
        self.assertEqual([0, 0, 0], [run.wait().rc for run in runs])
        self.assertEqual(STEPS, js.db.steps.count_documents({}))
        self.assertEqual(1, len(js.changelog()))


if __name__ == "__main__":
    import unittest
    unittest.main()
