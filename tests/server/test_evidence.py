"""Evidence: what test, rehearse and verify leave for the gate before `up`, here or carried elsewhere."""
import json

from support.testcase import ServerTest, on_either

DOUBLE = {"update": "things", "where": {"n2": {"$exists": False}}, "with": [{"$set": {"n2": {"$multiply": ["$n", 2]}}}]}
NAME = "change"


def gated(project, *requirements):
    project.config(environments={"production": {"requires": list(requirements)}, "staging": {}})


class EvidenceTest(ServerTest):
    def with_things(self, project, *requirements, docs=30):
        gated(project, *requirements)
        if docs:
            project.db.things.insert_many([{"_id": k, "n": k} for k in range(docs)])
        project.file = project.migration(NAME, DOUBLE)
        return project

    def other(self, project):
        return self.project(None, project.uri)

    def records(self, project, *args):
        return project.ok("evidence", *args, "-o", "json").json()["records"]

    def refused(self, project, *args):
        result = project.run("up", "-e", "production", *args)
        self.assertEqual(1, result.rc, result)
        self.assertEqual(0, project.db.changelog.count_documents({}))
        self.assertEqual(0, project.db.things.count_documents({"n2": {"$exists": True}}))
        self.assertEqual(0, project.db.changelog_lock.count_documents({}))
        return result.err

    @on_either
    def test_up_refuses_a_file_that_was_never_tested_and_says_which_command_tests_it(self, project):
        self.with_things(project, "test", "rehearsal")
        said = self.refused(project)
        self.assertIn("change.yaml: test: there is none of this very file; "
                      "whimbrel -e production test", said)
        self.assertIn("change.yaml: rehearsal: there is none", said)
        self.assertIn("evidence import FILE", said)

    @on_either
    def test_up_runs_once_everything_required_was_found_of_this_very_file(self, project):
        self.with_things(project, "test", "rehearsal")
        project.ok("test")
        self.assertNotIn("yaml: test:", self.refused(project))
        project.ok("rehearse", "-e", "staging")
        project.ok("up", "-e", "production")
        self.assertEqual(30, project.db.things.count_documents({"n2": {"$exists": True}}))

    @on_either
    def test_evidence_of_another_version_of_the_file_does_not_count(self, project):
        self.with_things(project, "test")
        project.ok("test")
        path = project.root / "migrations" / project.file
        path.write_text(path.read_text() + "# another thought\n")
        self.assertIn("test: there is none of this very file", self.refused(project))
        self.assertIn("of another version of the file", project.ok("evidence").out)
        self.assertEqual([], self.records(project, NAME))

    @on_either
    def test_the_newest_result_decides_so_a_failure_closes_the_gate_again(self, project):
        self.with_things(project, "test")
        project.ok("test")
        project.db.things.update_one({"_id": 3}, {"$set": {"n": "text"}})
        project.exits(1, "test", "--docs", "30")
        self.assertIn("test: it failed in", self.refused(project))
        project.db.things.update_one({"_id": 3}, {"$set": {"n": 3}})
        project.ok("test")
        project.ok("up", "-e", "production")

    @on_either
    def test_a_test_without_documents_counts_only_where_there_are_none(self, project):
        self.with_things(project, "test", docs=0)
        project.db.create_collection("things")
        project.ok("test")
        self.assertIn("no document was tried", self.refused(project))
        project.ok("test", "-e", "production")
        project.ok("up", "-e", "production")

    @on_either
    def test_an_open_run_goes_on_without_the_evidence_it_began_with(self, project):
        self.with_things(project, "test")
        project.ok("test")
        project.db.things.update_one({"_id": 20}, {"$set": {"n": "text"}})
        project.exits(1, "up", "-e", "production")
        project.exits(1, "test", "--docs", "30")
        project.db.things.update_one({"_id": 20}, {"$set": {"n": 20}})
        project.ok("up", "-e", "production")

    @on_either
    def test_environments_that_require_nothing_ask_for_nothing(self, project):
        self.with_things(project, "test", "rehearsal", "verify", "backup")
        project.ok("up", "-e", "staging")

    @on_either
    def test_plan_says_what_up_would_refuse_and_ends_well(self, project):
        self.with_things(project, "rehearsal")
        plan = project.ok("plan", "-e", "production")
        self.assertIn("`up` will be refused: rehearsal: there is none", plan.out)
        self.assertNotIn("refused", project.ok("plan", "-e", "staging").out)

    @on_either
    def test_verification_elsewhere_opens_the_gate_once_it_is_carried_over(self, project):
        staging, production = self.with_things(project), self.with_things(self.other(project), "verify")
        staging.ok("up")
        staging.ok("verify")
        self.assertIn("verify: there is none", self.refused(production))
        file = staging.root / "evidence.json"
        staging.ok("evidence", "export", "--out", file)
        self.assertIn("1 records added, 0 were here already", production.ok("evidence", "import", file).out)
        self.assertIn("0 records added, 1 were here already", production.ok("evidence", "import", file).out)
        production.ok("up", "-e", "production")
        self.assertTrue(self.records(production)[0]["imported"])
        audited = production.db.whimbrel_audit.find_one({"action": "evidence.imported"})
        self.assertEqual({"added": 1, "known": 0}, audited["options"])

    @on_either
    def test_imported_records_are_those_that_were_exported(self, project):
        here, there = self.with_things(project), self.with_things(self.other(project))
        here.ok("test")
        here.ok("rehearse")
        exported = here.ok("evidence", "export").out
        file = here.root / "carried.json"
        file.write_text(json.dumps(json.loads(exported), indent=2))
        there.ok("evidence", "import", file)
        without = [{"imported": 0}]
        self.assertEqual(list(here.db.whimbrel_evidence.find({}, *without)),
                         list(there.db.whimbrel_evidence.find({}, *without)))

    @on_either
    def test_changed_or_damaged_files_are_refused_and_nothing_of_them_is_taken(self, project):
        self.with_things(project)
        project.db.things.update_one({"_id": 3}, {"$set": {"n": "text"}})
        project.exits(1, "test", "--docs", "30")
        text = project.ok("evidence", "export").out
        project.db.whimbrel_evidence.drop()
        newer = text.replace('"v": 1', '"v": 9', 1)
        no_type = text.replace('"type": "evidence"', '"type": "other"', 1)
        for damaged in (text.replace('"passed" : false', '"passed" : true'), text[:-40], newer, no_type, "", "[]"):
            self.assertNotEqual(text, damaged)
            (project.root / "evidence.json").write_text(damaged)
            self.assertIn("evidence.json", project.exits(65, "evidence", "import", "evidence.json").err)
        self.assertEqual(0, project.db.whimbrel_evidence.count_documents({}))
        project.exits(66, "evidence", "import", "nowhere.json")
        project.exits(64, "evidence", "import")

    @on_either
    def test_a_record_of_a_newer_format_is_refused_with_its_number(self, project):
        self.with_things(project, "test")
        project.ok("test")
        project.db.whimbrel_evidence.update_many({}, {"$set": {"v": 7}})
        self.assertIn("format version 7", project.exits(1, "up", "-e", "production").err)
        self.assertIn("format version 7", project.exits(1, "evidence").err)

    @on_either
    def test_evidence_keeps_the_figures_and_who_found_them_where(self, project):
        self.with_things(project)
        project.ok("rehearse", "-e", "staging")
        project.ok("up")
        project.ok("verify")
        rehearsal, verification = self.records(project, NAME)
        self.assertEqual(("rehearsal", "staging", True, 0),
                         tuple(rehearsal[key] for key in ("kind", "environment", "passed", "exit")))
        self.assertEqual(project.db.name, rehearsal["database"])
        self.assertTrue(rehearsal["at"].endswith("Z") and rehearsal["who"]["host"])
        self.assertEqual((30, 0, True, True), tuple(
            rehearsal["figures"][key] for key in ("documents", "failed", "idempotent", "roundTrip")))
        self.assertGreater(rehearsal["figures"]["estimate10M"]["p50"], 0)
        self.assertEqual("verify", verification["kind"])
        self.assertEqual(0, verification["figures"]["residual"])
        self.assertIn("rehearsal  passed", project.ok("evidence").out)

    @on_either
    def test_plan_expects_what_the_rehearsal_measured_for_as_many_as_there_are_now(self, project):
        self.with_things(project)
        self.assertIn("expected: not known; whimbrel rehearse", project.ok("plan").out)
        project.ok("rehearse")
        figures = self.records(project)[0]["figures"]
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(1000, 1570)])
        expected = project.ok("plan", "-o", "json").json()["migrations"][0]["expected"]
        self.assertEqual((600, 20 * figures["journalBytes"]), (expected["documents"], expected["journalBytes"]))
        self.assertGreater(expected["journalBytes"], 0)
        self.assertGreater(expected["p50"], figures["estimate"]["p50"])
        self.assertIn("for 600 documents, from the rehearsal in", project.ok("plan").out)

    @on_either
    def test_plan_says_when_it_reads_many_documents_for_each_that_it_changes(self, project):
        project.config()
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(1000)])
        project.migration("few", {"update": "things", "where": {"n": {"$lt": 100}}, "with": {"$set": {"few": True}}})
        self.assertIn("of 10.0 documents that it reads it changes one", project.ok("plan").out)
        project.db.things.delete_many({"n": {"$gte": 200}})
        self.assertNotIn("that it reads it changes one", project.ok("plan").out)

    @on_either
    def test_plan_knows_how_long_the_oplog_reaches_back(self, project):
        self.with_things(project)
        oplog = project.ok("plan", "-o", "json").json()["oplog"]
        members = project.db.client.admin.command("hello").get("setName")
        self.assertEqual(bool(members), oplog is not None)
        if members:
            size = project.db.client.local.command("collStats", "oplog.rs")["maxSize"]
            self.assertEqual(size, oplog["bytes"])
            self.assertGreaterEqual(oplog["seconds"], 0)


if __name__ == "__main__":
    import unittest
    unittest.main()
