"""The pipelines of examples/ci: their commands, run as their shells run them, on a staging and a production database."""
import re
import shutil
import subprocess

from support.project import ROOT, clean_environment
from support.testcase import ServerTest, on
from support.walkthrough import user

EXAMPLE = ROOT / "examples" / "ci"


def github_scripts(text):
    """The `run: |` blocks by the name of their step."""
    blocks = re.findall(r"- name: (.*)\n +run: \|\n((?: {10}.*\n)+)", text)
    return {name: re.sub(r"^ {10}", "", block, flags=re.M) for name, block in blocks}


def gitlab_scripts(text):
    """The `script:` lists by the name of their job."""
    jobs = re.findall(r"^(\w+):\n((?:  .*\n)+)", text, re.M)
    lists = {name: re.search(r"^  script:\n((?:    - .*\n)+)", body, re.M) for name, body in jobs}
    return {name: re.sub(r"^    - ", "", found[1], flags=re.M) for name, found in lists.items() if found}


class PipelineTest(ServerTest):
    def staged(self, staging):
        """A checkout with one pending migration, and the two databases."""
        production = self.project(None, staging.uri)
        for project in (staging, production):
            project.db.users.insert_many([user(k) for k in range(400)])
        shutil.copy(EXAMPLE / "whimbrel.yaml", staging.root)
        shutil.copytree(ROOT / "examples/preferences/yaml/migrations", staging.migrations, dirs_exist_ok=True)
        self.env = {"STAGING_URL": staging.uri, "STAGING_DB": staging.db.name, "PRODUCTION_URL": production.uri,
                    "PRODUCTION_DB": production.db.name, "GITHUB_STEP_SUMMARY": "summary.md", "CI": "true"}
        return production

    def shell(self, project, script):
        done = subprocess.run(["bash", "-e", "-c", script], cwd=project.root, env=clean_environment(self.env),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def goes_through(self, staging, trying, migrating):
        production = self.staged(staging)
        rc, said = self.shell(staging, migrating)
        self.assertNotEqual(0, rc, "it migrates without evidence\n" + said)
        self.assertEqual(400, production.db.users.count_documents({"preferences": {"$exists": False}}))
        for script in (trying, migrating):
            rc, said = self.shell(staging, script)
            self.assertEqual(0, rc, said)
        self.assertIn("verdict: verified", said)
        self.assertEqual(400, production.db.users.count_documents({"preferences": {"$exists": True}}))
        self.assertEqual(400, staging.db.users.count_documents({"preferences": {"$exists": False}}))
        rc, said = self.shell(staging, migrating)
        self.assertEqual(0, rc, "with nothing to do\n" + said)

    @on("replicaset")
    def test_github_actions(self, staging):
        scripts = github_scripts((EXAMPLE / "github-actions.yml").read_text())
        self.assertEqual({"Install whimbrel", "Try what is pending", "Migrate"}, set(scripts))
        self.goes_through(staging, scripts["Try what is pending"], scripts["Migrate"])
        self.assertIn("- [x] **rehearsal**", (staging.root / "summary.md").read_text())

    @on("replicaset")
    def test_gitlab_ci(self, staging):
        scripts = gitlab_scripts((EXAMPLE / "gitlab-ci.yml").read_text())
        self.assertEqual({"try", "migrate"}, set(scripts))
        self.goes_through(staging, scripts["try"], scripts["migrate"])
        self.assertIn("- [x] **rehearsal**", (staging.root / "checklist.md").read_text())

    @on("replicaset")
    def test_a_migration_that_fails_on_staging_never_reaches_production(self, staging):
        scripts = gitlab_scripts((EXAMPLE / "gitlab-ci.yml").read_text())
        production = self.staged(staging)
        file, = staging.migrations.glob("*.yaml")
        file.write_text(file.read_text().replace("[ $smsNotifications, true ]", "[ { $divide: [ 1, 0 ] }, true ]"))
        rc, said = self.shell(staging, scripts["try"])
        self.assertEqual(1, rc, said)
        rc, said = self.shell(staging, "whimbrel -e staging evidence export --out evidence.json;" + scripts["migrate"])
        self.assertIn("it failed in", said)
        self.assertNotEqual(0, rc)
        self.assertEqual(400, production.db.users.count_documents({"preferences": {"$exists": False}}))


if __name__ == "__main__":
    import unittest
    unittest.main()
