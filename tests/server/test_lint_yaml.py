"""`lint` of YAML, of what is pending together, of suppressions and of what is printed; and `explain`."""
import re
import shutil

from support.lint import GUARDED, SCRIPT, Linting
from support.project import ROOT
from support.testcase import ServerTest, on, on_either

STEP = "  - { delete: things, where: {} }\n"
BAD = "steps:\n" + STEP


class LintYamlTest(Linting, ServerTest):
    @on_either
    def test_an_update_that_adds_again_is_a_warning(self, project):
        text = "steps:\n  - update: things\n    where: { kind: 1 }\n    with: { $inc: { n: 1 } }\n"
        self.assertEqual([("W001", "warning", 4)], self.of_yaml(project, text=text))
        self.assertEqual([], self.of_yaml(project, GUARDED))
        self.assertEqual(["W001"], [code for code, _, _ in self.of_yaml(
            project, {"update": "things", "with": [{"$set": {"p": {"$ifNull": ["$old", 1]}}}, {"$unset": ["old"]}]})])

    @on_either
    def test_a_delete_of_every_document_is_a_warning(self, project):
        self.assertEqual([("W002", "warning", 2)], self.of_yaml(project, text=BAD))
        self.assertEqual([], self.of_yaml(project, {"delete": "things", "where": {"a": 1}}))

    @on_either
    def test_irreversible_is_told_unless_there_is_a_down(self, project):
        step = {"command": {"ping": 1}, "irreversible": True}
        self.assertEqual(["W004"], [code for code, _, _ in self.of_yaml(project, step)])
        self.assertEqual([], self.of_yaml(project, step, down=[{"command": {"ping": 1}}]))

    @on_either
    def test_a_drop_is_an_error_unless_the_file_makes_the_collection(self, project):
        drop = {"dropCollection": "things"}
        back = [{"command": {"ping": 1}}]
        self.assertEqual(["W007"], [code for code, _, _ in self.of_yaml(project, drop, down=back)])
        self.assertEqual(["W007"], [code for code, _, _ in self.of_yaml(
            project, {"command": {"dropDatabase": 1}, "reverse": {"ping": 1}})])
        self.assertEqual([], self.of_yaml(project, {"createCollection": "things"}, down=[drop]))

    @on_either
    def test_a_where_that_no_index_serves_is_told_of_large_collections(self, project):
        project.db.things.insert_many([{"_id": k, "kind": k % 9} for k in range(10001)])
        project.db.few.insert_many([{"_id": k, "kind": k % 9} for k in range(100)])
        step = {"update": "things", "where": {"kind": 1}, "with": {"$set": {"a": 1}}}
        name = project.migration("change", step)
        finding, = self.lint(project, name, rc=0)["findings"]
        self.assertEqual(("W005", "warning"), (finding["code"], finding["severity"]))
        self.assertIn("createIndexes: things, indexes: [ { key: { kind: 1 } } ]", finding["hint"])
        self.assertEqual([], self.of_yaml(project, {**step, "update": "few"}))
        project.migration(name, {**step, "where": {}})
        self.assertEqual([], self.codes(project, name))
        index = {"createIndexes": "things", "indexes": [{"key": {"kind": 1}}]}
        project.migration(name, index, step)
        self.assertEqual([], self.codes(project, name))
        project.migration(name, step)
        project.db.things.create_index("kind")
        self.assertEqual([], self.codes(project, name))

    @on_either
    def test_the_where_of_a_script_is_explained_too(self, project):
        project.db.things.insert_many([{"_id": k, "kind": k % 9} for k in range(10001)])
        text = ("module.exports = {\n  collection: 'things',\n  where: { kind: %s },\n"
                "  transform() { return null; },\n};\n")
        name = project.migration("20240101000100-a.js", text=text % "1")
        self.assertEqual([("W005", "warning", 3)], self.codes(project, name))
        name = project.migration("20240101000101-b.js", text=text % "process.env.KIND")
        report = self.lint(project, name, rc=0)
        self.assertEqual([], report["findings"])
        self.assertIn("W005 was not asked", " ".join(report["notes"]))

    @on("replicaset")
    def test_an_index_of_a_million_documents_wants_a_reason(self, project):
        project.db.thousand.insert_many([{"_id": k} for k in range(1001)])
        project.db.thousand.aggregate([
            {"$lookup": {"from": "thousand", "pipeline": [], "as": "b"}}, {"$unwind": "$b"},
            {"$project": {"_id": {"$add": [{"$multiply": ["$_id", 1001]}, "$b._id"]}}}, {"$out": "things"}])
        step = {"createIndexes": "things", "indexes": [{"key": {"kind": 1}}]}
        self.assertEqual(["W006"], [code for code, _, _ in self.of_yaml(project, step)])
        self.assertEqual([], self.of_yaml(project, {**step, "createIndexes": "thousand"}))
        script = SCRIPT % "%sawait db.collection('things').createIndex({ kind: 1 });"
        name = project.migration("20240101000100-a.js", text=script % "")
        self.assertEqual([("W006", "warning", 3)], self.codes(project, name))
        name = project.migration("20240101000101-b.js", text=script % "// whimbrel: allow W006 at night\n    ")
        self.assertEqual([], self.codes(project, name))

    @on_either
    def test_javascript_for_the_server_is_found(self, project):
        step = {"update": "things", "where": {"$where": "this.a"}, "with": {"$set": {"a": 1}}}
        self.assertEqual(["W011"], [code for code, _, _ in self.of_yaml(project, step)])

    @on("standalone")
    def test_json_has_the_same_rules_and_places(self, project):
        text = '{ "steps": [\n  { "delete": "things",\n    "where": {} } ] }\n'
        name = project.migration("20240101000100-a.json", text=text)
        finding, = self.lint(project, name)["findings"]
        self.assertEqual(("W002", 3, 5), (finding["code"], finding["line"], finding["column"]))

    @on("standalone")
    def test_a_file_that_does_not_load_is_refused_with_all_its_problems(self, project):
        project.migration("bad", {"updat": "things"})
        project.migration("worse", {"update": "things"})
        result = project.exits(65, "lint")
        self.assertSaid("did you mean 'update'", result)
        self.assertSaid("20240101000002-worse.yaml", result)


class LintPendingTest(Linting, ServerTest):
    SECOND = {"update": "things", "where": {"done": {"$ne": True}}, "with": [{"$set": {"m.x": 1, "done": True}}]}

    @on_either
    def test_two_pending_migrations_of_one_field_are_told_at_the_later_one(self, project):
        first = project.migration("first", GUARDED)
        second = project.migration("second", self.SECOND)
        finding, = self.lint(project, rc=0)["findings"]
        self.assertEqual(("W010", f"migrations/{second}"), (finding["code"], finding["file"]))
        self.assertIn("things.done", finding["message"])
        self.assertIn(first, finding["message"])
        self.assertEqual([f"migrations/{first}"], [one["file"] for one in self.lint(project, first)["findings"]])

    @on_either
    def test_other_collections_other_fields_and_applied_migrations_are_no_conflict(self, project):
        project.migration("first", GUARDED)
        project.migration("elsewhere", {**self.SECOND, "update": "others"})
        project.migration("otherwise", {"update": "things", "where": {"m": None}, "with": {"$set": {"m": 1}}})
        self.assertEqual([], self.codes(project))
        project.ok("up", "--only", "*first*")
        project.migration("second", {**GUARDED, "with": {"$set": {"done": True}}})
        self.assertEqual([], self.codes(project))

    @on_either
    def test_scripts_are_compared_as_far_as_their_updates_are_literals(self, project):
        project.migration("first", GUARDED)
        update = "await db.collection('things').updateMany({ done: null }, %s);"
        project.migration("20240102-a.js", text=SCRIPT % (update % "{ $set: { done: true } }"))
        project.migration("20240103-b.js", text=SCRIPT % (update % "client.change"))
        self.assertEqual([("W010", "warning", 3)], self.codes(project))

    @on_either
    def test_without_names_only_what_up_would_run_is_looked_at(self, project):
        applied = project.migration("applied", {"delete": "things", "where": {}})
        project.ok("up")
        project.migration("elsewhere", {"delete": "things", "where": {}}, environments=["production"])
        self.assertEqual([], self.codes(project))
        self.assertEqual(1, len(self.codes(project, applied)))
        self.assertEqual(1, len(self.codes(project, "elsewhere")))
        self.assertEqual(1, len(self.codes(project, f"migrations/{applied}")))
        self.assertSaid("did you mean", project.exits(66, "lint", "aplied"))


class LintOutputTest(Linting, ServerTest):
    @on("standalone")
    def test_a_suppression_with_a_reason_counts_on_its_line_before_it_or_at_the_top(self, project):
        for text in ("steps:\n  # whimbrel: allow W002 a cache\n  - { delete: things, where: {} }\n",
                     "steps:\n  - { delete: things, where: {} }  # whimbrel: allow W002 a cache\n",
                     "# whimbrel: allow W002 a cache\nsteps:\n  - update: x\n    with: { $set: { a: 2 } }\n"
                     "  - { delete: things, where: {} }\n",
                     "steps:\n  # whimbrel: allow W002 a cache\n  # whimbrel: allow W005 small\n" + STEP):
            with self.subTest(text=text):
                report = self.lint(project, project.migration("change", text=text), rc=0)
                self.assertEqual([("W002", True, "a cache")],
                                 [(f["code"], f["suppressed"], f["reason"]) for f in report["findings"]])
                self.assertEqual(1, report["counts"]["suppressed"])

    @on("standalone")
    def test_what_is_no_comment_suppresses_nothing(self, project):
        text = 'description: |\n  # whimbrel: allow W002 a cache\nsteps:\n  - { delete: things, where: {} }\n'
        self.assertEqual([("W002", "warning", 4)], self.of_yaml(project, text=text))
        text = SCRIPT % "const s = `\n    // whimbrel: allow W002 a cache`; await db.collection(s).deleteMany({});"
        name = project.migration("20240101000100-a.js", text=text)
        self.assertEqual(["W002"], [code for code, _, _ in self.codes(project, name)])

    @on("standalone")
    def test_comments_of_scripts_suppress(self, project):
        for comment in ("// whimbrel: allow W002 a cache", "/* whimbrel: allow W002 a cache */",
                        "/**\n     * whimbrel: allow W002 a cache\n     */"):
            with self.subTest(comment=comment):
                text = SCRIPT % f"{comment}\n    await db\n      .collection('cache').deleteMany({{}});"
                self.assertEqual([], self.codes(project, project.migration("20240101000100-a.js", text=text)))

    @on("standalone")
    def test_a_suppression_without_a_reason_or_of_no_rule_is_an_error(self, project):
        for code in ("W002", "W02", "W090"):
            with self.subTest(code=code):
                found = self.of_yaml(project, text=f"{BAD[:-1]} # whimbrel: allow {code}\n")
                self.assertEqual([("W091", "error", 2), ("W002", "warning", 2)], sorted(found, reverse=True))

    @on("standalone")
    def test_a_suppression_of_nothing_is_a_warning_unless_the_database_decides(self, project):
        text = "# whimbrel: allow {} why\nsteps:\n  - {{ delete: things, where: {{ a: 1 }} }}\n"
        self.assertEqual([("W092", "warning", 1)], self.of_yaml(project, text=text.format("W002")))
        self.assertEqual([], self.of_yaml(project, text=text.format("W006")))

    @on("standalone")
    def test_errors_exit_with_one_and_with_strict_warnings_too(self, project):
        name = project.migration("change", text=BAD)
        self.lint(project, name, rc=0)
        self.lint(project, name, rc=1, strict=True)
        project.migration("drop", {"dropCollection": "x", "irreversible": True})
        self.lint(project, rc=1)

    @on("standalone")
    def test_text_is_a_line_for_each_finding_grouped_by_file_with_a_summary(self, project):
        first, second = project.migration("a", text=BAD), project.migration("b", text=BAD)
        lines = project.ok("lint").out.splitlines()
        self.assertRegex(lines[0], rf"^migrations/{first}:2:23: warning W002: every document of things")
        self.assertTrue(lines[1].startswith("  next: narrow `where"))
        self.assertEqual("", lines[2])
        self.assertTrue(lines[3].startswith(f"migrations/{second}:2:23: "))
        self.assertEqual("2 migrations: 0 errors, 2 warnings", lines[-1])

    @on("standalone")
    def test_ndjson_is_a_finding_a_line_and_then_the_summary(self, project):
        project.migration("a", text=BAD)
        finding, summary = project.ok("lint", "-o", "ndjson").events()
        self.assertEqual(("finding", "W002", 2), (finding["type"], finding["code"], finding["line"]))
        self.assertEqual(("summary", 0, 1), (summary["type"], summary["exit"], summary["warnings"]))

    @on_either
    def test_it_writes_nothing(self, project):
        project.db.things.insert_many([{"_id": k, "kind": k} for k in range(10001)])
        project.migration("change", {"update": "things", "where": {"kind": 1}, "with": {"$inc": {"a": 1}}})
        project.migration("20240102-a.js", text=SCRIPT % "await db.collection('things').deleteMany({});")
        before = set(project.db.list_collection_names()) | {"system.profile"}
        files = sorted(path.name for path in project.root.iterdir() if not path.name.startswith("."))
        project.db.command({"profile": 2})
        project.exits(1, "lint")
        project.db.command({"profile": 0})
        for entry in project.db["system.profile"].find():
            self.assertNotIn(entry["op"], ("insert", "update", "remove"), entry)
        self.assertEqual(before, set(project.db.list_collection_names()))
        self.assertEqual(files, sorted(path.name for path in project.root.iterdir() if not path.name.startswith(".")))

    @on("standalone")
    def test_without_a_server_named_files_are_still_looked_at(self, project):
        name = project.migration("change", text=BAD)
        gone = {"WHIMBREL_URI": "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200"}
        report = self.lint(project, name, env=gone)
        self.assertEqual(["W002"], [one["code"] for one in report["findings"]])
        self.assertIn("W005", " ".join(report["notes"]))
        project.exits(69, "lint", env=gone)

    @on("standalone")
    def test_without_node_yaml_is_still_looked_at(self, project):
        project.migration("change", text=BAD)
        project.migration("20240102-a.js", text=SCRIPT % "")
        report = self.lint(project, env={"WHIMBREL_NODE": "/nowhere/node"})
        self.assertEqual(["W002"], [one["code"] for one in report["findings"]])
        self.assertIn("Node", " ".join(report["notes"]))


class ExplainTest(ServerTest):
    def rules(self, project):
        return project.ok("explain", "-o", "json").json()["rules"]

    @on("standalone")
    def test_every_rule_is_explained_without_project_or_server(self, project):
        shutil.rmtree(project.migrations)
        (project.root / "whimbrel.yaml").unlink()
        listed = project.ok("explain").out
        for rule in self.rules(project):
            self.assertRegex(listed, f"(?m)^{rule['code']} +{rule['severity']} +{re.escape(rule['title'])}$")
            text = project.ok("explain", rule["code"].lower()).out
            self.assertIn(rule["title"], text)
            self.assertEqual(rule["code"] < "W090", f"whimbrel: allow {rule['code']} REASON" in text)
            whole = project.ok("explain", rule["code"], "-o", "json").json()
            self.assertTrue(whole["meaning"] and whole["why"])
            if rule["code"] < "W090":
                self.assertTrue(whole["examples"]["badScript"] and whole["examples"]["goodScript"], rule)

    @on("standalone")
    def test_an_unknown_code_says_which_was_meant(self, project):
        self.assertSaid("did you mean 'W001'", project.exits(64, "explain", "W01"))

    @on("standalone")
    def test_the_documentation_has_the_same_rules(self, project):
        text = (ROOT / "docs" / "lint.md").read_text()
        documented = re.findall(r"^\| (W\d{3}) \| (error|warning) \| ([^|]+?) \|", text, re.MULTILINE)
        self.assertEqual([(rule["code"], rule["severity"], rule["title"]) for rule in self.rules(project)], documented)


if __name__ == "__main__":
    import unittest
    unittest.main()
