"""A fault at every point, on a standalone server."""
from torture.faults import FaultTest, add_tests


@add_tests
class StandaloneFaultTest(FaultTest):
    topology = "standalone"


del FaultTest  # or unittest would collect it here

if __name__ == "__main__":
    import unittest
    unittest.main()
