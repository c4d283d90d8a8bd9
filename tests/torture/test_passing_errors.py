"""A server at work refuses one command for a passing reason, by its own fail points: the run goes on."""
from support.testcase import ServerTest

DOCS = 14000
STEP = {"update": "things", "with": [{"$set": {"n": {"$add": [{"$multiply": ["$n", 2]}, 1]}}}]}
DUE = {"up": {"$add": [{"$multiply": ["$_id", 2]}, 1]}, "down": "$_id"}
TEST_COMMANDS = ("--setParameter", "enableTestCommands=1")
INTERRUPTED = {"code": 11602, "errmsg": "interrupted by a step-down"}


class PassingErrorsTest(ServerTest):
    def prepared(self, topology):
        project = self.project(topology, self.own_server(topology, TEST_COMMANDS).uri)
        project.config(engine={"workers": 2, "batch": {"docs": 100}})
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(DOCS)])
        project.migration("twice", STEP)
        return project

    def run_with_one_failure(self, project, direction, commands, **how):
        """The server fails the next of whimbrel's commands of these names; how many it ever did."""
        admin = project.db.client.admin
        admin.command("configureFailPoint", "failCommand", mode={"times": 1},
                      data={"failCommands": commands, "appName": "whimbrel", **how})
        result = project.run(direction)
        hits = admin.command("configureFailPoint", "failCommand", mode="off")["count"]
        self.assertEqual(0, result.rc, str(result))
        wrong = project.db.things.count_documents({"$expr": {"$ne": ["$n", DUE[direction]]}})
        self.assertEqual((DOCS, 0), (project.db.things.count_documents({}), wrong), str(result))
        return hits

    def both_ways(self, topology, commands, collection=None, **how):
        project = self.prepared(topology)
        if collection:
            how["namespace"] = f"{project.db.name}.{collection}"
        for direction in DUE:
            hits = self.run_with_one_failure(project, direction, commands, **how)
        self.assertGreater(hits, 0, "no command met the fail point")

    def test_a_wait_for_the_majority_that_is_interrupted_is_repeated(self):
        for collection in ("whimbrel_runs", "whimbrel_audit", "changelog_lock"):
            with self.subTest(collection=collection):
                self.both_ways("replicaset", ["update", "findAndModify", "delete"], collection,
                               writeConcernError=INTERRUPTED)

    def test_a_commit_whose_wait_for_the_majority_was_cut_off_is_asked_for_again(self):
        for how in ({"writeConcernError": INTERRUPTED}, {"errorCode": 11601, "errorLabels": []}):
            with self.subTest(how=how):
                self.both_ways("replicaset", ["commitTransaction"], **how)

    def test_a_cursor_that_is_lost_between_two_replies_is_opened_again(self):
        self.both_ways("standalone", ["getMore"], errorCode=43)

    def test_a_connection_that_breaks_between_the_replies_of_a_cursor_costs_nothing(self):
        self.both_ways("replicaset", ["getMore"], closeConnection=True)


if __name__ == "__main__":
    import unittest
    unittest.main()
