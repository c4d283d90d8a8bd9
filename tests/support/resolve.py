"""Projects in every state that `resolve` meets."""
import hashlib
import signal

from support.scripts import ScriptTest
from support.testcase import wait_until

DOCS = 20000
TWICE = {"update": "things", "with": [{"$set": {"n": {"$add": [{"$multiply": ["$n", 2]}, 1]}, "done": True}}]}


class ResolveTest(ScriptTest):
    def fill(self, project, count=200, docs=50, bad=(), **engine):
        project.config(engine={"workers": 2, "batch": {"docs": docs}, **engine})
        project.db.things.insert_many([{"_id": k, "n": f"text {k}" if k in bad else k} for k in range(count)])

    def applied(self, project, *steps, **keys):
        self.fill(project)
        name = project.migration("twice", *(steps or (TWICE,)), **keys)
        project.ok("up")
        return name

    def stopped(self, project, running, reached):
        wait_until(lambda: reached() or not running.alive, "a change")
        running.signal(signal.SIGTERM)
        self.assertEqual(143, running.wait(30).rc)

    def interrupted(self, project, *steps):
        """An `up` that was stopped in the middle; returns the file's name."""
        self.fill(project, DOCS, docs=20)
        name = project.migration("twice", *(steps or (TWICE,)))
        self.stopped(project, project.start("up"), lambda: project.db.things.find_one({"done": True}))
        self.assertEqual("interrupted", project.state(name))
        return name

    def interrupted_down(self, project):
        self.fill(project, DOCS, docs=20)
        name = project.migration("twice", TWICE)
        project.ok("up")
        self.stopped(project, project.start("down"), lambda: project.db.things.find_one({"done": None}))
        self.assertEqual("interrupted", project.state(name))
        return name

    def change(self, project, name, *steps, **keys):
        project.migration(name, *(steps or (TWICE,)), description="changed on purpose", **keys)
        return hashlib.sha256((project.migrations / name).read_bytes()).hexdigest()

    def kept(self, project):
        """Everything that whimbrel keeps, as it is, and the documents."""
        names = sorted(set(project.db.list_collection_names()) - {"changelog_lock"})
        return {name: project.raw(name) for name in names}

    def assertTwice(self, project, count):
        wrong = [d for d in project.db.things.find({"$expr": {"$ne": ["$n", {"$add": [{"$multiply": ["$_id", 2]}, 1]}]}})]
        self.assertEqual(([], count), (wrong[:3], project.db.things.count_documents({})))

    def assertUntouched(self, project):
        self.assertEqual(0, project.db.things.count_documents({"$expr": {"$ne": ["$n", "$_id"]}}))
