"""Kill -9 of whimbrel and of its Node hosts, at seeded moments of a script, on a standalone server."""
from support.script_kills import ScriptKillTest


class StandaloneScriptKillTest(ScriptKillTest):
    topology = "standalone"

    def test_an_up_killed_at_any_moment_resumes_and_doubles_nothing(self):
        self.run_up_killed_at_every_moment()

    def test_a_down_killed_at_any_moment_restores_every_byte(self):
        self.run_down_killed_at_every_moment()

    def test_hosts_killed_at_any_moment_cost_nothing(self):
        self.run_with_killed_hosts()

    def test_failing_documents_are_recorded_once_whatever_is_killed(self):
        self.run_with_failures_killed()


del ScriptKillTest  # or unittest would collect it here

if __name__ == "__main__":
    import unittest
    unittest.main()
