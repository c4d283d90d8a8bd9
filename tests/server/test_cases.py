"""Runs tests/cases/: a folder for each behaviour of the command line.

    whimbrel.yaml, migrations/   the project; {{URI}} and {{DB}} stand for the server and the database;
                                 without whimbrel.yaml there is an empty folder
    before.json                  collection -> documents (Extended JSON) before the command
    command                      shell lines; the first that fails ends them and gives the exit code
    expect_stdout, expect_stderr one regular expression a line, found in this order; `! pattern` is
                                 found nowhere; with `.exact` at the end of the name: the whole text
    expect_exit                  the exit code, 0 without this file
    after.json                   collection -> documents afterwards; null: the collection is not there
    after_indexes.json           collection -> names of its indexes
    after_options.json           collection -> options that listCollections must show
    topology                     standalone or replicaset; both without this file

Any other file is part of the project.
"""
import pathlib
import re
import subprocess

from bson import json_util

from support.project import ROOT, clean_environment
from support.servers import TOPOLOGIES
from support.testcase import ServerTest, expand, on

CASES = ROOT / "tests" / "cases"
CANONICAL = json_util.CANONICAL_JSON_OPTIONS
NOT_THE_PROJECT = ("command", "topology", "before.json")


class CaseTest(ServerTest):
    def run_case(self, project, case):
        (project.root / "whimbrel.yaml").unlink()
        if not (case / "whimbrel.yaml").exists():
            project.migrations.rmdir()
        self.copy(project, case)
        for name, documents in self.load(case / "before.json").items():
            project.db.create_collection(name)
            if documents:
                project.db[name].insert_many(documents)
        done = subprocess.run(
            ["bash", "-eu", "-c", self.fill(project, (case / "command").read_text())], cwd=project.root,
            env=clean_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
            check=False)
        run = f"exit {done.returncode}\n--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}"
        self.assertEqual(int(self.text(case / "expect_exit") or 0), done.returncode, run)
        self.check_output(project, case / "expect_stdout", done.stdout, run)
        self.check_output(project, case / "expect_stderr", done.stderr, run)
        self.check_database(project.db, case, run)

    def copy(self, project, case):
        for path in sorted(case.rglob("*")):
            name = path.relative_to(case)
            if not path.is_file() or str(name).startswith(("expect_", "after")) or str(name) in NOT_THE_PROJECT:
                continue
            (project.root / name).parent.mkdir(parents=True, exist_ok=True)
            content = path.read_bytes()
            if b"{{" in content:
                content = self.fill(project, content.decode()).encode()
            (project.root / name).write_bytes(content)

    def fill(self, project, text):
        return text.replace("{{URI}}", project.uri).replace("{{DB}}", project.db.name)

    def text(self, path):
        return path.read_text() if path.exists() else ""

    def load(self, path):
        text = self.text(path)
        return json_util.loads(text) if text else {}

    def check_output(self, project, path, said, run):
        exact = path.with_name(path.name + ".exact")
        if exact.exists():
            self.assertEqual(self.fill(project, exact.read_text()), said, run)
        lines = iter(said.splitlines())
        for pattern in self.fill(project, self.text(path)).splitlines():
            if pattern.startswith("! "):
                self.assertNotRegex(said, pattern[2:], run)
            elif pattern:
                self.assertTrue(any(re.search(pattern, line) for line in lines),
                                f"{path.name}: no line (after the ones before) has: {pattern}\n{run}")

    def check_database(self, db, case, run):
        for name, documents in self.load(case / "after.json").items():
            if documents is None:
                self.assertNotIn(name, db.list_collection_names(), run)
                continue
            found = list(db[name].find().sort("_id"))
            self.assertEqual([json_util.dumps(d, json_options=CANONICAL) for d in documents],
                             [json_util.dumps(d, json_options=CANONICAL) for d in found], f"{name}\n{run}")
        for name, indexes in self.load(case / "after_indexes.json").items():
            self.assertEqual(sorted(indexes), sorted(db[name].index_information()), run)
        for name, options in self.load(case / "after_options.json").items():
            infos = list(db.list_collections(filter={"name": name}))
            self.assertEqual(1, len(infos), f"collection {name}\n{run}")
            found = infos[0].get("options", {})
            self.assertEqual(options, {key: found.get(key) for key in options}, run)


def add_case(case):
    topology = case / "topology"
    topologies = [topology.read_text().strip()] if topology.exists() else TOPOLOGIES

    def test(self, project):
        self.run_case(project, case)
    setattr(CaseTest, f"test_{case.name.replace('-', '_')}", on(*topologies)(test))


for folder in sorted(path for path in CASES.iterdir() if path.is_dir()):
    add_case(pathlib.Path(folder))
expand(CaseTest)

if __name__ == "__main__":
    import unittest
    unittest.main()
