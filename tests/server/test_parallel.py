"""`up --parallel`: migrations of disjoint collections side by side, the others in their order."""
from support.testcase import ServerTest, on_either, wait_until

DOCS = 1500


def update(collection):
    return {"update": collection, "with": [{"$set": {"n": {"$add": ["$n", 1]}}}]}


class ParallelTest(ServerTest):
    def fill(self, project, *collections):
        for name in collections:
            project.db[name].insert_many([{"_id": k, "n": k} for k in range(DOCS)])

    def assertOnce(self, project, *collections, times=1):
        for name in collections:
            self.assertEqual(DOCS, project.db[name].count_documents(
                {"$expr": {"$eq": ["$n", {"$add": ["$_id", times]}]}}), name)

    def running(self, project):
        runs = project.db.whimbrel_runs.find({"state": "running", "migration": {"$exists": 1}})
        return {r["migration"] for r in runs}

    def entries(self, project):
        return [e["fileName"] for e in project.db.changelog.find().sort("_id")]

    @on_either
    def test_disjoint_collections_run_at_the_same_time_and_all_is_done_once(self, project):
        self.fill(project, "users", "orders")
        project.config(engine={"batch": {"docs": 50}})
        names = {project.migration("users", update("users")), project.migration("orders", update("orders"))}
        up = project.start("up", "--parallel", "--max-rate", 300, "-o", "ndjson")
        wait_until(lambda: self.running(project) == names, "both run", 60)
        project.ok("set", "throttle.maxRate=off")
        result = up.wait()
        self.assertEqual(0, result.rc, str(result))
        self.assertOnce(project, "users", "orders")
        entries = list(project.db.changelog.find())
        self.assertEqual(names, {e["fileName"] for e in entries})
        self.assertEqual(1, len({e["migrationBlock"] for e in entries}))
        self.assertEqual(names, set(result.events()[-1]["applied"]))
        self.assertEqual(names, {e["migration"] for e in result.events() if e["type"] == "progress"})

    @on_either
    def test_what_shares_a_collection_waits_for_the_one_before_it(self, project):
        self.fill(project, "users", "orders")
        project.config(engine={"batch": {"docs": 50}})
        first = project.migration("first", update("users"))
        second = project.migration("second", update("users"))
        other = project.migration("other", update("orders"))
        up = project.start("up", "--parallel", "--max-rate", 400)
        wait_until(lambda: self.running(project) == {first, other}, "the first and the other", 60)
        project.ok("set", "throttle.maxRate=off")
        self.assertEqual(0, up.wait().rc)
        self.assertOnce(project, "users", times=2)
        self.assertOnce(project, "orders")
        ended = {r["migration"]: r["updatedAt"] for r in project.db.whimbrel_runs.find({"migration": {"$exists": 1}})}
        started = {r["migration"]: r["startedAt"] for r in project.db.whimbrel_runs.find({"migration": {"$exists": 1}})}
        self.assertGreaterEqual(started[second], ended[first])

    @on_either
    def test_one_that_fails_lets_running_ones_end_and_starts_no_further_ones(self, project):
        self.fill(project, "users", "orders")
        project.config(engine={"batch": {"docs": 50}})
        bad = project.migration("bad", {"update": "users", "with": [{"$set": {"n": {"$divide": [1, 0]}}}]})
        good = project.migration("good", update("orders"))
        never = project.migration("never", {"command": {"create": "never"}, "irreversible": True})
        result = project.exits(1, "up", "--parallel")
        self.assertEqual({bad: "failed", good: "applied", never: "pending"}, project.states(), str(result))
        self.assertOnce(project, "orders")
        self.assertNotIn("never", project.db.list_collection_names())

    @on_either
    def test_after_kill_9_both_are_gone_on_with(self, project):
        self.fill(project, "users", "orders")
        project.config(engine={"batch": {"docs": 50}})
        names = {project.migration("users", update("users")), project.migration("orders", update("orders"))}
        up = project.start("up", "--parallel", "--max-rate", 300)
        wait_until(lambda: self.running(project) == names
                   and len({r["_id"]["run"] for r in project.db.whimbrel_ranges.find({"batch": {"$gt": 0}})}) == 2,
                   "both are under way", 60)
        up.kill()
        project.ok("up", "--parallel", "--wait", "60s")
        self.assertOnce(project, "users", "orders")
        self.assertEqual(2, len(self.entries(project)))

    @on_either
    def test_plan_shows_what_may_run_side_by_side_and_why_not(self, project):
        self.fill(project, "users", "orders")
        first = project.migration("first", update("users"))
        other = project.migration("other", update("orders"))
        second = project.migration("second", update("users"))
        result = project.ok("plan")
        self.assertSaid(f"{second} after {first}", result)
        self.assertSaid("is about users, too", result)
        schedule = project.ok("plan", "-o", "json").json()["schedule"]
        self.assertEqual([first, other, second], [s["migration"] for s in schedule])
        self.assertEqual([[], [], [first]], [s["after"] for s in schedule])
