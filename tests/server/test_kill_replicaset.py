"""Kill -9 at seeded moments on a replica set."""
from support.kills import KillTest


class ReplicaSetKillTest(KillTest):
    topology = "replicaset"

    def test_an_up_killed_at_any_moment_resumes_and_doubles_nothing(self):
        self.run_up_killed_at_every_moment()

    def test_a_down_killed_at_any_moment_restores_every_byte(self):
        self.run_down_killed_at_every_moment()

    def test_a_killed_delete_and_copy_resume(self):
        self.run_delete_and_copy_killed()


del KillTest  # or unittest would collect it here

if __name__ == "__main__":
    import unittest
    unittest.main()
