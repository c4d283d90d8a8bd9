"""Servers die, step down and kill what a run does on them: it goes on by itself, and once for all."""
import collections
import time
import unittest

import pymongo

from support.figures import record
from support.replica_set import ReplicaSet
from support.servers import wait_until
from support.testcase import LONG, ServerTest

DOCS = 100000 if LONG else 12000
ROUNDS = 100 if LONG else 8
STEP = {"update": "things", "with": [{"$set": {"n": {"$add": [{"$multiply": ["$n", 2]}, 1]}}}]}
CHANGED = {"$expr": {"$ne": ["$_id", "$n"]}}
WRONG = {"$expr": {"$ne": ["$n", {"$add": [{"$multiply": ["$_id", 2]}, 1]}]}}
APP = {"$match": {"appName": {"$regex": "^whimbrel"}}}


class DisturbedTest(ServerTest):
    def filled(self, topology, uri=None):
        project = self.project(topology, uri)
        project.config(engine={"workers": 2, "batch": {"docs": DOCS // 600}})
        things = project.db.get_collection("things", write_concern=pymongo.WriteConcern(
            "majority" if topology == "replicaset" else 1))
        things.insert_many([{"_id": k, "n": k} for k in range(1, DOCS + 1)])
        project.migration("twice", STEP)
        return project

    def changed(self, project):
        """How many documents are changed, None while no server says it."""
        try:
            with pymongo.timeout(2):
                return project.db.things.count_documents(CHANGED)
        except pymongo.errors.PyMongoError:
            return None

    def comes_further(self, project, running, seconds, what):
        """Waits until documents change or the run has ended; returns whether it still runs."""
        first = wait_until(lambda: (self.changed(project),), "an answer", seconds)[0]
        start = time.monotonic()
        wait_until(lambda: not running.alive or self.changed(project) not in (None, first),
                   f"{what}, seed {self.seed}", seconds)
        self.slowest = max(self.slowest, time.monotonic() - start)
        return running.alive

    def run_disturbed(self, project, topology, disturb, seconds=10, rounds=ROUNDS, least=2):
        """`up` and `down`; whenever the run has come further, `disturb()` happens."""
        for command in ("up", "down"):
            self.slowest = 0
            done = collections.Counter()
            running = project.start(command)
            for number in range(rounds):
                if not self.comes_further(project, running, seconds, f"`{command}` comes further after {dict(done)}"):
                    break
                done.update(disturb(number))
            result = running.wait(150)
            self.assertEqual(0, result.rc, f"{command}, {dict(done)}, seed {self.seed}\n{result}")
            wrong = project.db.things.count_documents(WRONG if command == "up" else CHANGED)
            found = project.db.things.count_documents({})
            record("servers that fail", topology, disturbances=sum(done.values()), lost=DOCS - found, doubled=wrong)
            print(f"{command} on {topology}: seed {self.seed}, {dict(done)}, {DOCS} documents, "
                  f"{DOCS - found} lost, {wrong} wrong, slowest progress {self.slowest:.1f} s")
            self.assertEqual((DOCS, 0), (found, wrong), str(result))
            self.assertGreaterEqual(sum(done.values()), least, "disturbances")


class KilledOperationsTest(DisturbedTest):
    def operations(self, admin, kind):
        return list(admin.aggregate([{"$currentOp": {"idleCursors": True, "idleSessions": True}}, APP,
                                     {"$match": kind}]))

    def kill_something(self, project, topology):
        admin = project.db.client.admin

        def disturb(number):
            done = collections.Counter()
            if number % 3 == 0:
                admin.command("killAllSessions", [])
                done["killAllSessions"] += 1
            elif number % 3 == 1:
                for _ in range(50):
                    for found in self.operations(admin, {"type": "op", "ns": {"$regex": f"^{project.db.name}[.]"}}):
                        admin.command("killOp", op=found["opid"])
                        done["killOp"] += 1
                    if done:
                        break
            else:
                for _ in range(50):
                    for found in self.operations(admin, {"cursor.cursorId": {"$exists": True}}):
                        name = found["ns"].partition(".")[2]
                        cursors = [found["cursor"]["cursorId"]]
                        project.db.command("killCursors", name, cursors=cursors)
                        done["killCursors"] += 1
                    if done:
                        break
            return done
        return disturb

    def run_killed(self, topology):
        server = self.own_server(topology)
        project = self.filled(topology, server.uri)
        self.run_disturbed(project, topology, self.kill_something(project, topology))

    def test_killed_operations_sessions_and_cursors_cost_nothing_on_a_standalone_server(self):
        self.run_killed("standalone")

    def test_killed_operations_sessions_and_cursors_cost_nothing_on_a_replica_set(self):
        self.run_killed("replicaset")


class KilledStandaloneTest(DisturbedTest):
    def test_a_standalone_server_that_is_killed_again_and_again_costs_nothing(self):
        server = self.own_server("standalone")
        project = self.filled("standalone", server.uri)

        def disturb(_):
            server.crash_and_restart()
            return ["SIGKILL of the server"]
        self.run_disturbed(project, "standalone", disturb, rounds=20 if LONG else 2, least=1)

    @unittest.skipUnless(LONG, "takes minutes: every connection waits for a server, one after the other")
    def test_a_server_that_stays_away_for_longer_than_the_lease_ends_the_run_with_what_to_type(self):
        server = self.own_server("standalone")
        project = self.filled("standalone", server.uri)
        running = project.start("up")
        self.slowest = 0
        self.assertTrue(self.comes_further(project, running, 30, "`up` begins"))
        server.stop()
        result = running.wait(400)
        self.assertEqual(69, result.rc, str(result))
        self.assertSaid("next: when the server answers again: whimbrel up", result)
        server.restart()
        project.ok("up", "--wait", "60s")
        self.assertEqual(0, project.db.things.count_documents(WRONG))


class ElectionTest(DisturbedTest):
    def test_step_downs_and_killed_members_cost_nothing(self):
        members = ReplicaSet()
        self.addCleanup(members.stop)
        project = self.filled("replicaset", members.uri)

        def disturb(number):
            kind = ("step-down", "step-down", "SIGKILL of the primary", "SIGKILL of a secondary")[number % 4]
            if kind == "step-down":
                members.step_down()
            else:
                others = members.secondaries()
                victim = members.primary() if kind.endswith("the primary") else self.random.choice(others)
                victim.crash_and_restart()
                members.primary()
            return [kind]
        self.run_disturbed(project, "3 members", disturb, seconds=5)


if __name__ == "__main__":
    unittest.main()
