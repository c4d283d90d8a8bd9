"""Scripts with `transaction: true`, and what is seen of them from outside."""
import os
import pathlib

from support.javascript import js_project
from support.testcase import ServerTest, wait_until

FLAG = "20240101000001-script.js"
# Waits for the file `go` of the project.
WAIT = "await (async () => { while (!require('fs').existsSync('go')) await new Promise((r) => setTimeout(r, 5)); })();"
TELL = "require('fs').appendFileSync('calls', 'x');"


def transactional(project, up="", down="", name=FLAG, before="", extra=""):
    """Writes a script with these bodies that is one transaction; returns the file's name."""
    return project.script(name, text=(
        f"{before}\nmodule.exports = {{\n  transaction: true,{extra}\n  async up(db, client) {{\n{up}\n  }},\n"
        f"  async down(db, client) {{\n{down}\n  }},\n}};\n"))


def host_of(running):
    """The pid of the Node host of a running whimbrel, or None."""
    try:
        pid = running.process.pid
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return None
    return int(children[0]) if children else None


class TransactionTest(ServerTest):
    def js(self, driver=6, topology="replicaset", uri=None):
        project = js_project(self, topology, driver)
        if uri:
            project.uri = uri
            project.js_config()
        return project

    def calls(self, project):
        """How often TELL was passed."""
        path = project.root / "calls"
        return len(path.read_text()) if path.exists() else 0

    def called(self, project, times=1):
        wait_until(lambda: self.calls(project) >= times, "the script is called", 60)

    def go(self, project):
        (project.root / "go").touch()

    def assertNothingHappened(self, project, *collections):
        for name in collections:
            self.assertEqual(0, project.db[name].count_documents({}), name)
        self.assertEqual([], project.changelog())
        self.assertEqual(0, project.db.whimbrel_runs.count_documents({"state": "done"}))

    def transactions_on(self, project, collection):
        """The namespaces, in order, of each transaction in the oplog that wrote to this collection."""
        name = f"{project.db.name}.{collection}"
        entries = project.db.client.local["oplog.rs"].find({"o.applyOps.ns": name})
        return [[op["ns"].removeprefix(f"{project.db.name}.") for op in entry["o"]["applyOps"]
                 if not op["ns"].endswith("$cmd")] for entry in entries]


__all__ = ["FLAG", "TELL", "WAIT", "TransactionTest", "host_of", "os", "transactional"]
