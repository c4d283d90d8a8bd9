"""`report`: what a run did, from what the database kept of it, in four forms."""
import html.parser
import threading

import pymongo

from support.testcase import ServerTest, on_either

DOUBLE = {"update": "things", "where": {"n2": {"$exists": False}}, "with": [{"$set": {"n2": {"$multiply": ["$n", 2]}}}]}


class Page(html.parser.HTMLParser):
    """What a browser would load, the drawings, and the text; every element is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.foreign, self.drawings, self.text = [], [], [], ""
        self.feed(text)
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.foreign += [(tag, name, value) for name, value in attrs if name in ("src", "href", "action")]
        if tag in ("script", "link", "iframe"):
            self.foreign.append((tag, "", ""))
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        if tag == "polyline":
            self.drawings.append(dict(attrs)["points"].split())

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"closed without being opened: {tag}"

    def handle_data(self, data):
        self.text += data


class ReportTest(ServerTest):
    def ran(self, project, rc=0, count=3000, bad=(), **keys):
        project.config(engine={"maxErrors": 10})
        project.db.things.insert_many([{"_id": k, "n": "<b>text</b>" if k in bad else k} for k in range(count)])
        file = project.migration("change", DOUBLE, **keys)
        project.exits(rc, "up")
        return file

    @on_either
    def test_json_has_counts_steps_events_and_samples(self, project):
        file = self.ran(project, description="doubles n")
        report = project.ok("report", "-o", "json").json()
        self.assertEqual((file, "applied", "doubles n"), tuple(report[key] for key in ("migration", "state", "description")))
        self.assertEqual({"scanned": 3000, "modified": 3000, "unchanged": 0, "quarantined": 0, "conflicts": 0},
                         report["documents"])
        self.assertEqual(("update", "things", 3000), tuple(report["steps"][0][key] for key in ("kind", "collection", "total")))
        self.assertEqual(["run.started", "run.ended"], [event["action"] for event in report["events"]])
        self.assertEqual(3000, report["samples"][-1]["scanned"])
        self.assertGreater(report["docsPerSecond"], 0)

    @on_either
    def test_a_longer_run_keeps_samples_over_its_time_that_only_grow(self, project):
        self.ran(project, count=60_000)
        samples = project.ok("report", "-o", "json").json()["samples"]
        self.assertGreaterEqual(len(samples), 2, samples)
        self.assertEqual(sorted(samples, key=lambda one: one["at"]), samples)
        scanned = [sample["scanned"] for sample in samples]
        self.assertEqual(sorted(scanned), scanned)
        self.assertEqual(60_000, scanned[-1])
        for sample in samples:
            if 0 < sample["scanned"] < 60_000:  # before and after the scan no lane is at work
                self.assertEqual(1, sample["lanes"])

    @on_either
    def test_slow_operations_of_others_are_seen_with_whose_they_are(self, project):
        project.config()
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(25_000)])
        project.db.orders.insert_many([{"_id": k} for k in range(8)])
        project.migration("change", DOUBLE)
        billing = pymongo.MongoClient(project.uri, appname="billing")[project.db.name].orders
        reading = threading.Thread(target=lambda: list(billing.find({"$where": "sleep(1000) || true"})))
        reading.start()
        up = project.start("up", "--max-rate", "5000")
        result = up.wait()
        reading.join()
        self.assertEqual(0, result.rc, str(result))
        samples = project.ok("report", "-o", "json").json()["samples"]
        slow = [sample for sample in samples if sample["slowOperations"]]
        self.assertTrue(slow, samples)
        self.assertEqual(f"find {project.db.name}.orders by billing", slow[-1]["slowest"])
        self.assertGreaterEqual(slow[-1]["slowestSeconds"], 1)
        self.assertSaid("by billing", project.ok("report"), "out")
        log, = (project.root / "logs").glob("*.log")
        self.assertRegex(log.read_text(), r"slow operations \d+ \(find \S+\.orders by billing, ")

    @on_either
    def test_samples_keep_how_the_server_was(self, project):
        self.ran(project, count=60_000)
        kept = list(project.db.whimbrel_samples.find().sort("_id"))
        self.assertGreaterEqual(len(kept), 2)
        for sample in kept:
            for field in ("cacheUsedShare", "cacheDirtyShare", "ticketsOutShare"):
                self.assertTrue(0 <= sample[field] <= 1, sample)
            self.assertGreater(sample["connections"], 0)
            self.assertGreaterEqual(sample["queue"], 0)
            self.assertGreater(sample["residentBytes"], 1 << 20)
        self.assertGreater(kept[-1]["opsPerSecond"], 0)
        self.assertNotIn("opsPerSecond", kept[0], "there is nothing before it")
        told = project.ok("report", "-o", "json").json()["samples"]
        for field in ("cacheDirtyShare", "connections", "opsPerSecond"):
            self.assertEqual([sample.get(field) for sample in kept], [sample[field] for sample in told])
        text = project.ok("report").out
        self.assertIn("The server meanwhile, at its worst", text)
        self.assertRegex(text, r"cache dirty +\d+\.\d %")

    @on_either
    def test_documents_in_quarantine_are_shown_with_their_reason(self, project):
        self.ran(project, rc=3, bad=(7, 8))
        report = project.ok("report", "-o", "json").json()
        self.assertEqual(2, report["quarantined"])
        self.assertIn("_id 7: ", report["firstErrors"][0])
        self.assertIn("In quarantine: 2", project.ok("report").out)

    @on_either
    def test_the_page_stands_by_itself_and_shows_what_it_was_told_as_text(self, project):
        self.ran(project, description="<script>alert(1)</script> & more", rc=3, count=60_000, bad=(7,))
        project.ok("report", "change", "-o", "html", "--out", "report.html")
        text = (project.root / "report.html").read_text()
        page = Page(text)
        self.assertEqual([], page.foreign)
        self.assertIn("<script>alert(1)</script> & more", page.text)
        self.assertNotIn("<script", text)
        self.assertIn("In quarantine: 1", page.text)
        samples = project.ok("report", "-o", "json").json()["samples"]
        if len(samples) >= 3:  # a fast machine may be done before
            self.assertIn("Documents processed", page.text)
            self.assertEqual(len(samples), len(page.drawings[0]))

    @on_either
    def test_markdown_is_tables_that_no_value_can_break(self, project):
        self.ran(project, description="a | b\n<c>")
        lines = project.ok("report", "-o", "markdown").out.splitlines()
        self.assertIn("| description | a \\| b \\<c> |", lines)
        for line in lines:
            self.assertTrue(not line or line.startswith(("#", "| ", "|---|")), line)

    @on_either
    def test_a_rehearsed_estimate_stands_beside_the_truth(self, project):
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(500)])
        project.migration("change", DOUBLE)
        project.ok("rehearse")
        project.ok("up")
        text = project.ok("report").out
        self.assertIn("Estimate and truth", text)
        self.assertRegex(text, r"truth +\d")
        self.assertRegex(text, r"rehearsal +passed in")

    @on_either
    def test_failed_and_interrupted_runs_have_one_too_and_the_last_that_ran_is_meant(self, project):
        self.ran(project)
        project.db.things.update_one({"_id": 5}, {"$set": {"n": "text"}})
        project.config()
        failing = project.migration("more", {"update": "things", "with": [{"$set": {"m": {"$multiply": ["$n", 3]}}}]})
        project.exits(1, "up")
        report = project.ok("report", "-o", "json").json()
        self.assertEqual((failing, "failed"), (report["migration"], report["state"]))
        self.assertTrue(report["message"])
        self.assertEqual("failed", report["events"][-1]["outcome"])

    @on_either
    def test_without_a_run_it_says_so(self, project):
        project.exits(66, "report")
        project.migration("change", DOUBLE)
        project.exits(66, "report", "change")
        project.exits(66, "report", "nothing-like-it")
        project.exits(64, "status", "-o", "html")

    @on_either
    def test_a_sample_of_a_newer_format_is_refused_with_its_number(self, project):
        self.ran(project)
        project.db.whimbrel_samples.update_many({}, {"$set": {"v": 8}})
        self.assertIn("format version 8", project.exits(1, "report").err)
        project.ok("down")


if __name__ == "__main__":
    import unittest
    unittest.main()
