"""A fault at every point, on a replica set."""
from torture.faults import FaultTest, add_tests


@add_tests
class ReplicaSetFaultTest(FaultTest):
    topology = "replicaset"


del FaultTest  # or unittest would collect it here

if __name__ == "__main__":
    import unittest
    unittest.main()
