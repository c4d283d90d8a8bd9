"""`checklist`: what is done around a migration, by measurement or by a person's word, and its runbook."""
from support.scripts import ScriptTest, script, transforms
from support.testcase import on, on_either

DOUBLE = {"update": "things", "where": {"n2": {"$exists": False}}, "with": [{"$set": {"n2": {"$multiply": ["$n", 2]}}}]}
REQUIRED_BEFORE = ["backup", "test", "rehearsal", "idempotent", "rollback", "estimate", "rollback-plan"]


class ChecklistTest(ScriptTest):
    def filled(self, project, *steps, count=30, **keys):
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(count)])
        return project.migration("change", *(steps or (DOUBLE,)), **keys)

    def lists(self, project, rc, *args):
        """It reads only."""
        before = {name: project.raw(name) for name in project.db.list_collection_names()}
        lists = project.exits(rc, "checklist", "-o", "json", *args).json()["migrations"]
        self.assertEqual(before, {name: project.raw(name) for name in project.db.list_collection_names()})
        return lists

    def items(self, project, rc, *args):
        found, = self.lists(project, rc, *args)
        self.assertEqual(rc == 1, found["open"])
        return {item["item"]: item for item in found["items"]}

    def names(self, items, **keys):
        return [name for name, item in items.items() if all(item[key] == value for key, value in keys.items())]

    @on_either
    def test_required_items_are_open_until_they_are_measured_or_ticked(self, project):
        self.filled(project)
        items = self.items(project, 1)
        self.assertEqual(REQUIRED_BEFORE[:-1], self.names(items, required=True, state="open"))
        self.assertEqual("whimbrel test 20240101000001-change.yaml", items["test"]["next"])
        project.ok("test")
        items = self.items(project, 1)
        self.assertEqual(["backup", "rehearsal", "estimate"], self.names(items, required=True, state="open"))
        self.assertIn("10 documents tried in", items["test"]["evidence"])
        self.assertIn("`down` brought every byte back", items["rollback"]["evidence"])
        project.ok("rehearse")
        self.assertEqual(["backup"], self.names(self.items(project, 1), required=True, state="open"))
        project.ok("checklist", "tick", "backup", "--note", "snapshot 17 of tonight")
        items = self.items(project, 0)
        self.assertIn("snapshot 17 of tonight", items["backup"]["evidence"])
        self.assertFalse(items["backup"]["measured"])
        self.assertEqual("later", items["verify"]["state"])

    @on_either
    def test_afterwards_it_asks_for_what_comes_after(self, project):
        self.filled(project, description="doubles n")
        project.ok("up")
        items = self.items(project, 1)
        self.assertIn("verify", self.names(items, required=True, state="open"))
        self.assertIn("run ", items["start"]["evidence"])
        self.assertIn("0 documents in quarantine; log file", items["error-log"]["evidence"])
        self.assertIn("30 of 30 documents", items["progress"]["evidence"])
        self.assertIn("from the journal, which is kept until 20", items["rollback-possible"]["evidence"])
        self.assertEqual("in the changelog: doubles n", items["document"]["evidence"])
        project.ok("verify")
        self.assertIn("30 documents compared, 0 wrong, 0 still match", self.items(project, 1)["verify"]["evidence"])

    @on_either
    def test_what_was_measured_as_bad_is_not_ticked_away(self, project):
        self.filled(project)
        project.db.things.update_one({"_id": 3}, {"$set": {"n": "text"}})
        project.exits(1, "test", "--docs", "30")
        project.ok("checklist", "tick", "test", "--note", "it will do")
        item = self.items(project, 1)["test"]
        self.assertEqual(("open", True), (item["state"], item["measured"]))
        self.assertIn("1 failed", item["evidence"])

    @on_either
    def test_a_tick_can_be_taken_back_and_both_are_in_the_audit(self, project):
        file = self.filled(project)
        project.ok("checklist", "tick", "standby", "--note", "Kim")
        self.assertEqual("done", self.items(project, 1)["standby"]["state"])
        project.ok("checklist", "untick", "standby", "change", "--note", "Kim is ill")
        self.assertEqual("later", self.items(project, 1)["standby"]["state"])
        audited = list(project.db.whimbrel_audit.find({"action": "ticked"}, sort=[("at", 1)]))
        self.assertEqual([("standby", False, "Kim"), ("standby", True, "Kim is ill")],
                         [(a["options"]["item"], a["options"].get("takenBack", False), a["message"]) for a in audited])
        self.assertEqual({file}, {a["migration"] for a in audited})
        self.assertIn("ticked", project.ok("history").out)

    @on_either
    def test_a_tick_is_about_the_file_as_it_was(self, project):
        file = self.filled(project)
        project.ok("checklist", "tick", "backup", "--note", "here")
        path = project.migrations / file
        path.write_text(path.read_text() + "# changed\n")
        self.assertEqual("open", self.items(project, 1)["backup"]["state"])

    @on_either
    def test_the_gate_takes_a_tick_for_a_backup_but_not_for_a_test(self, project):
        project.config(environments={"production": {"requires": ["test", "backup"]}})
        self.filled(project)
        for item in ("test", "backup"):
            project.ok("checklist", "tick", item, "--note", "done")
        said = project.exits(1, "up", "-e", "production").err
        self.assertIn("test: there is none", said)
        self.assertNotIn("yaml: backup", said)
        project.ok("checklist", "untick", "backup", "--note", "it was the wrong one")
        self.assertIn("backup: it was taken back", project.exits(1, "up", "-e", "production").err)

    @on_either
    def test_what_an_environment_requires_is_required(self, project):
        project.config(environments={"production": {"requires": ["verify"]}})
        self.filled(project)
        project.ok("up")
        self.assertTrue(self.items(project, 1, "-e", "production")["verify"]["required"])

    @on_either
    def test_one_that_cannot_be_undone_needs_a_persons_plan(self, project):
        self.filled(project, {"dropCollection": "things", "irreversible": True})
        project.ok("test")
        items = self.items(project, 1)
        self.assertEqual("open", items["rollback-plan"]["state"])
        self.assertIn("checklist tick rollback-plan", items["rollback-plan"]["next"])
        self.assertFalse(items["rollback"]["measured"])

    @on("replicaset")
    def test_a_transform_is_checked_like_any_other(self, project):
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(30)])
        script(project, transforms("return { $set: { m: doc.n + 1 } };"))
        project.ok("rehearse")
        items = self.items(project, 1)
        self.assertEqual(["backup", "test"], self.names(items, required=True, state="open"))

    @on_either
    def test_all_pending_ones_are_listed_else_the_last_applied(self, project):
        self.assertEqual([], self.lists(project, 0))
        self.filled(project)
        project.migration("more", {"insert": "things", "documents": [{"_id": "x"}]})
        names = [found["file"] for found in self.lists(project, 1)]
        self.assertEqual(["20240101000001-change.yaml", "20240101000002-more.yaml"], names)
        project.ok("up")
        self.assertEqual(names[1:], [found["file"] for found in self.lists(project, 1)])
        self.assertEqual(names[:1], [found["file"] for found in self.lists(project, 1, "change")])

    @on_either
    def test_text_and_markdown_show_every_item_with_its_box(self, project):
        self.filled(project)
        project.ok("test")
        text, markdown = project.exits(1, "checklist").out, project.exits(1, "checklist", "-o", "markdown").out
        for name in self.items(project, 1):
            self.assertRegex(text, rf"\[[ x]\] {name} ")
            self.assertRegex(markdown, rf"- \[[ x]\] \*\*{name}\*\*: ")
        self.assertIn("[x] test ", text)
        self.assertRegex(text, r"\[ \] backup +Back up the database \(required\)")
        self.assertIn("before, which is now", text)

    @on_either
    def test_wrong_words_are_refused(self, project):
        self.filled(project)
        self.assertIn("did you mean 'backup'", project.exits(64, "checklist", "tick", "backups", "--note", "x").err)
        project.exits(64, "checklist", "tick", "backup")
        project.exits(64, "checklist", "tick")
        project.exits(66, "checklist", "nothing-like-it")
        project.exits(64, "status", "-o", "markdown")
        self.assertEqual(0, project.db.whimbrel_evidence.count_documents({}))

    @on_either
    def test_the_runbook_has_the_commands_of_this_environment_and_the_measured_estimate(self, project):
        project.config(environments={"production": {"protected": True}})
        self.filled(project, description="doubles n")
        project.ok("rehearse", "-e", "production")
        book = project.ok("checklist", "--runbook", "-e", "production").out
        for line in ("whimbrel -e production test 20240101000001-change.yaml", "whimbrel -e production checklist",
                     f"whimbrel -e production up --confirm {project.db.name}",
                     f"whimbrel -e production down --steps 1 --confirm {project.db.name}",
                     "whimbrel -e production verify 20240101000001-change.yaml", "doubles n",
                     "30 of 30 documents", "undone by: restores every document from the journal",
                     "for 30 documents (one in ten below", "| on standby | | |"):
            self.assertIn(line, book)
        self.assertNotIn("only the backup helps", book)
        self.assertEqual(30, project.db.things.count_documents({"n2": {"$exists": False}}))

    @on_either
    def test_a_runbook_says_when_only_the_backup_helps(self, project):
        self.filled(project, {"dropCollection": "things", "irreversible": True})
        self.assertIn("only the backup helps", project.ok("checklist", "change", "--runbook").out)
        project.ok("up")
        project.exits(66, "checklist", "change", "--runbook")


if __name__ == "__main__":
    import unittest
    unittest.main()
