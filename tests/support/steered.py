"""Tests of runs that are held, steered and let go: things with a number that an `up` counts up by one."""
from support.testcase import ServerTest

STEP = {"update": "things", "with": [{"$set": {"n": {"$add": ["$n", 1]}}}]}


class SteeredTest(ServerTest):
    DOCS = 3000

    def prepare(self, project, docs=50, workers=2, **config):
        """Documents, a configuration with batches of so many, and a migration, `self.name`."""
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(self.DOCS)])
        project.config(engine={"workers": workers, "batch": {"docs": docs}}, **config)
        self.name = project.migration("more", STEP)

    def done(self, project):
        """Documents that ranges have checkpoints of."""
        return sum(r["counts"]["scanned"] for r in project.db.whimbrel_ranges.find({"counts": {"$exists": True}}))

    def run_document(self, project):
        """The newest run, or an empty dictionary."""
        return project.db.whimbrel_runs.find_one({"migration": {"$exists": True}}, sort=[("startedAt", -1)]) or {}

    def steered(self, project):
        """What its process says of it."""
        return self.run_document(project).get("steered") or {}

    def assertMigratedOnce(self, project):
        self.assertEqual(self.DOCS, project.db.things.count_documents({}))
        wrong = project.db.things.find({"$expr": {"$ne": ["$n", {"$add": ["$_id", 1]}]}}).limit(3)
        self.assertEqual([], list(wrong))
