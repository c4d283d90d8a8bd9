"""A live application beside `up` on a replica set."""
from torture.live import LiveTest


class ReplicaSetLiveTest(LiveTest):
    topology = "replicaset"

    def test_no_write_of_an_application_is_lost_beside_an_up(self):
        self.run_up_beside_writers()

    def test_no_write_of_an_application_is_lost_beside_an_up_that_is_killed_and_resumed(self):
        self.run_up_killed_beside_writers()


del LiveTest  # or unittest would collect it here

if __name__ == "__main__":
    import unittest
    unittest.main()
