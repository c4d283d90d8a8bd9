"""What the documents show of files and of the terminal is true; support/walkthrough.py says how."""
from support.project import ROOT
from support.testcase import ServerTest, on
from support.walkthrough import Walkthrough, place


class DocumentTest(ServerTest):
    def walk(self, project, name):
        walkthrough = Walkthrough(ROOT / "docs" / name, lambda: place(self.project(None, project.uri)))
        commands = []

        def check(command, expected, found):
            commands.append(command)
            self.assertEqual(expected, found, f"docs/{name} shows something else for: {command}\n"
                             f"if what is printed is right: tests/run_server_test.sh support.walkthrough docs/{name}")
        walkthrough.walk(check)
        self.assertGreater(len(commands), 5)

    @on("replicaset")
    def test_the_three_phases_are_as_they_are_shown(self, project):
        self.walk(project, "three-phases.md")

    @on("replicaset")
    def test_the_article_s_listings_have_counterparts_that_run(self, project):
        self.walk(project, "from-the-article.md")


if __name__ == "__main__":
    import unittest
    unittest.main()
