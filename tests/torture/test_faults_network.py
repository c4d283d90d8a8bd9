"""Connections break under a run, between and inside messages: it goes on by itself, and once for all."""
from support.figures import record
from support.proxy import CUTS, Proxy
from support.servers import shared
from support.testcase import LONG, ServerTest, wait_until

DOCS = 60000 if LONG else 6000
FAULTS = 150 if LONG else 15
STEP = {"update": "things", "with": [{"$set": {"n": {"$add": [{"$multiply": ["$n", 2]}, 1]}}}]}
CHANGED = {"$expr": {"$ne": ["$_id", "$n"]}}
WRONG = {"$expr": {"$ne": ["$n", {"$add": [{"$multiply": ["$_id", 2]}, 1]}]}}


class NetworkTest(ServerTest):
    def behind_proxy(self, topology, options=""):
        """A project whose server is reached through the proxy; its own `db` goes straight there."""
        project = self.project(topology)
        port = int(shared()[topology].rpartition(":")[2].partition("/")[0])
        proxy = Proxy(port)
        self.addCleanup(proxy.close)
        project.uri = f"mongodb://127.0.0.1:{proxy.port}/?directConnection=true{options}"
        project.config(engine={"workers": 2, "batch": {"docs": DOCS // 300}})
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(1, DOCS + 1)])
        project.migration("twice", STEP)
        return project, proxy

    def disturb(self, project, proxy, faults, command="up"):
        """Runs `command` and breaks something whenever it has come further."""
        running = project.start(command)
        met = 0
        for fault in faults:
            before = project.db.things.count_documents(CHANGED)
            wait_until(lambda: not running.alive or project.db.things.count_documents(CHANGED) != before,
                       f"`{command}` comes further after {met} faults, seed {self.seed}", 60)
            if not running.alive:
                break
            if fault == "refuse":
                proxy.refuse()
                proxy.accept()
                met += 1
                continue
            proxy.break_next(fault, project.db.name.encode() if fault.endswith("request") else b"")
            wait_until(lambda: not running.alive or not proxy.armed, f"a message meets '{fault}'", 60)
            met += not proxy.armed
        result = running.wait(120)
        self.assertEqual(0, result.rc, f"{command}, {met} faults, seed {self.seed}\n{result}")
        return met

    def check(self, project, command, met, topology):
        wrong = project.db.things.count_documents(WRONG if command == "up" else CHANGED)
        found = project.db.things.count_documents({})
        record("connections that break", topology, disturbances=met, lost=DOCS - found, doubled=wrong)
        print(f"{command} on {topology}: seed {self.seed}, {met} faults, {DOCS} documents, "
              f"{DOCS - found} lost, {wrong} wrong")
        self.assertEqual((DOCS, 0), (found, wrong))

    def run_disturbed(self, topology, kinds, options=""):
        project, proxy = self.behind_proxy(topology, options)
        for command in ("up", "down"):
            faults = [kinds[i % len(kinds)] for i in range(FAULTS)]
            self.random.shuffle(faults)
            met = self.disturb(project, proxy, faults, command)
            self.check(project, command, met, topology)
            self.assertGreaterEqual(met, min(5, len(kinds)), "faults that met a run")

    def test_cut_and_refused_connections_cost_nothing_on_a_standalone_server(self):
        self.run_disturbed("standalone", (*CUTS, "refuse"))

    def test_cut_and_refused_connections_cost_nothing_on_a_replica_set(self):
        self.run_disturbed("replicaset", (*CUTS, "refuse"))

    def test_a_half_open_connection_ends_with_the_socket_timeout_on_a_standalone_server(self):
        self.run_stalled("standalone")

    def test_a_half_open_connection_ends_with_the_socket_timeout_on_a_replica_set(self):
        self.run_stalled("replicaset")

    def run_stalled(self, topology):
        project, proxy = self.behind_proxy(topology, "&socketTimeoutMS=1000")
        for command in ("up", "down"):
            met = self.disturb(project, proxy, ["stall"] * (20 if LONG else 2), command)
            self.check(project, command, met, topology)
            self.assertGreaterEqual(met, 1)


if __name__ == "__main__":
    import unittest
    unittest.main()
