"""Secondaries that lag: they are not read from, and a run goes no further ahead of them than a few batches."""
import pymongo

from support.replica_set import ReplicaSet
from support.testcase import ServerTest, wait_until

DOCS = 6000
WORKERS = 2
BATCH = 50
BATCHES_PER_WAIT = 8  # src/engine/lane.cc
STEP = {"update": "things", "with": [{"$set": {"n": {"$add": [{"$multiply": ["$n", 2]}, 1]}}}]}
CHANGED = {"$expr": {"$ne": ["$_id", "$n"]}}
RIGHT = {"$expr": {"$eq": ["$n", {"$add": [{"$multiply": ["$_id", 2]}, 1]}]}}
COMMITS = [{"$currentOp": {}}, {"$match": {"appName": "whimbrel", "command.commitTransaction": {"$exists": True},
                                           "secs_running": {"$gte": 1}}}]


class LagTest(ServerTest):
    def members(self):
        members = ReplicaSet()
        self.addCleanup(members.stop)
        return members

    def filled(self, uri, then=lambda: None):
        project = self.project("replicaset", uri)
        project.config(engine={"workers": WORKERS, "batch": {"docs": BATCH}})
        project.migration("twice", STEP)
        then()
        things = project.db.get_collection("things", write_concern=pymongo.WriteConcern("majority"))
        things.insert_many([{"_id": k, "n": k} for k in range(1, DOCS + 1)])
        return project

    def let_lag(self, members, server):
        members.replicate(server, False)
        self.addCleanup(members.replicate, server, True)  # or nothing of a majority would ever end

    def test_a_member_that_lags_is_not_read_from_whatever_the_connection_string_prefers(self):
        members = self.members()
        last = members.servers[2]
        while members.primary() is last:
            members.step_down()
        project = self.filled(members.uri + "&readPreference=secondary&readPreferenceTags=member:last",
                              lambda: self.let_lag(members, last))
        self.assertEqual(0, project.db.things.count_documents({}), "the member lags")
        things = project.db.get_collection("things", read_preference=pymongo.ReadPreference.PRIMARY)
        project.ok("plan")
        project.ok("up")
        self.assertEqual(DOCS, things.count_documents(RIGHT))
        self.assertEqual("applied", project.state("20240101000001-twice.yaml"))
        project.ok("down")
        self.assertEqual(0, things.count_documents(CHANGED))

    def test_one_secondary_that_lags_holds_nothing_up(self):
        members = self.members()
        project = self.filled(members.uri)
        lags = members.secondaries()[0]
        self.let_lag(members, lags)
        project.ok("up")
        self.assertEqual(DOCS, project.db.things.count_documents(RIGHT))
        members.replicate(lags, True)
        with pymongo.MongoClient("127.0.0.1", lags.port, directConnection=True) as client:
            wait_until(lambda: client[project.db.name].things.count_documents(RIGHT) == DOCS, "it catches up", 60)

    def test_without_a_majority_a_run_waits_after_a_few_batches_and_goes_on_with_it(self):
        members = self.members()
        project = self.filled(members.uri)
        running = project.start("up")
        wait_until(lambda: project.db.things.count_documents(CHANGED), "a batch is written")
        secondaries = members.secondaries()
        for server in secondaries:
            self.let_lag(members, server)
        before = project.db.things.count_documents(CHANGED)
        admin = project.db.client.admin
        wait_until(lambda: len(list(admin.aggregate(COMMITS))) == WORKERS, "all lanes wait", 30, 0.1)
        ahead = project.db.things.count_documents(CHANGED) - before
        self.assertLessEqual(ahead, WORKERS * BATCHES_PER_WAIT * BATCH)
        self.assertTrue(running.alive)
        for server in secondaries:
            members.replicate(server, True)
        self.assertEqual(0, running.wait().rc)
        self.assertEqual(DOCS, project.db.things.count_documents(RIGHT))


if __name__ == "__main__":
    import unittest
    unittest.main()
