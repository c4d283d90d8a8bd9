"""Documents of 15 MB, empty and missing collections, a thousand migrations."""
from support.testcase import ServerTest, on, on_both

MEGABYTE = 1 << 20
STEP = {"update": "things", "with": [{"$set": {"n": {"$add": [{"$multiply": ["$n", 2]}, 1]}}}]}


class SizeTest(ServerTest):
    @on_both
    def test_documents_of_15_megabytes_go_up_and_down(self, project):
        project.config(engine={"workers": 2})
        for k in range(8):
            # bytes that do not compress, so that the journal is as large as the documents
            pad = self.random.randbytes(15 * MEGABYTE) if k % 4 == 0 else b"x" * (k * 1000)
            project.db.things.insert_one({"_id": k, "n": k, "pad": pad})
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(8, 500)])
        before = project.raw()
        project.migration("large", STEP)
        project.ok("up", timeout=300)
        for document in project.db.things.find({}, {"n": 1}):
            self.assertEqual(2 * document["_id"] + 1, document["n"])
        project.ok("down", timeout=300)
        self.assertSameBytes(before, project.raw())

    @on("standalone")
    def test_files_of_100_megabytes_are_refused_before_they_are_read(self, project):
        name = project.migration("large", text="")
        with open(project.migrations / name, "wb") as file:
            file.truncate(100 * MEGABYTE)
        result = project.exits(65, "status")
        self.assertIn(f"{name} has 100.0 MiB; a migration has at most 16.0 MiB", result.err)
        self.assertPeakBelow(80 * MEGABYTE, result.usage)
        with open(project.root / "whimbrel.yaml", "wb") as file:
            file.truncate(100 * MEGABYTE)
        result = project.exits(78, "status")
        self.assertIn("whimbrel.yaml has 100.0 MiB; a configuration has at most 16.0 MiB", result.err)
        self.assertPeakBelow(80 * MEGABYTE, result.usage)

    @on_both
    def test_large_documents_are_deleted_copied_and_restored(self, project):
        for k in range(4):
            project.db.things.insert_one({"_id": k, "pad": self.random.randbytes(15 * MEGABYTE)})
        before = project.raw()
        project.migration("move", {"copy": "things", "to": "copies"}, {"delete": "things", "where": {}})
        project.ok("up", timeout=300)
        self.assertSameBytes(before, project.raw("copies"))
        self.assertEqual(0, project.db.things.count_documents({}))
        project.ok("down", timeout=300)
        self.assertSameBytes(before, project.raw())
        self.assertEqual(0, project.db.copies.count_documents({}))

    @on_both
    def test_a_document_that_grows_beyond_16_megabytes_costs_itself_only(self, project):
        project.config(engine={"maxErrors": 1})
        project.db.things.insert_one({"_id": 1, "pad": "x" * (9 * MEGABYTE)})
        project.db.things.insert_many([{"_id": k, "pad": "small"} for k in range(2, 300)])
        project.migration("grow", {"update": "things", "with": [{"$set": {"again": "$pad"}}]})
        result = project.run("up", timeout=300)
        self.assertEqual(3, result.rc, str(result))
        self.assertEqual(298, project.db.things.count_documents({"again": "small"}))

    @on_both
    def test_an_empty_collection_is_done_at_once(self, project):
        project.db.create_collection("things")
        name = project.migration("none", STEP)
        result = project.ok("up")
        self.assertSaid(f"MIGRATED UP: {name}", result, "out")
        self.assertEqual("applied", project.state(name))
        project.ok("down")
        self.assertEqual("pending", project.state(name))

    @on_both
    def test_a_missing_collection_is_done_at_once_and_not_made(self, project):
        name = project.migration("none", STEP)
        project.ok("up")
        self.assertEqual("applied", project.state(name))
        self.assertNotIn("things", project.db.list_collection_names())
        project.ok("down")
        self.assertNotIn("things", project.db.list_collection_names())

    @on_both
    def test_a_batch_ends_at_its_byte_limit(self, project):
        project.config(engine={"batch": {"docs": 1000, "bytes": "1MiB", "time": "30s"}})
        project.db.things.insert_many([{"_id": k, "n": k, "pad": "x" * 300_000} for k in range(40)])
        project.migration("twice", STEP)
        project.ok("up")
        batches = sum(found["batch"] for found in project.db.whimbrel_ranges.find())
        self.assertGreaterEqual(batches, 40 // 3, "12 MB of documents, at most 1 MiB a batch")

    @on_both
    def test_the_memory_of_a_run_is_bounded(self, project):
        project.config(engine={"workers": 2})
        pad = "x" * 2000
        for start in range(0, 60000, 5000):
            project.db.things.insert_many(
                [{"_id": k, "n": k, "pad": pad} for k in range(start, start + 5000)])
        project.migration("twice", STEP)
        self.assertPeakBelow(64 * MEGABYTE, project.ok("up").usage)

    @on_both
    def test_the_memory_of_full_batches_is_bounded_up_and_down(self, project):
        project.config(engine={"workers": 2, "batch": {"docs": 1000, "bytes": "8MiB", "time": "10s"}})
        for start in range(0, 6000, 500):
            project.db.things.insert_many(
                [{"_id": k, "n": k, "pad": self.random.randbytes(10_000).hex()}
                 for k in range(start, start + 500)])
        before = project.raw()
        project.migration("twice", STEP)
        up = project.ok("up", timeout=300)
        batches = sum(found["batch"] for found in project.db.whimbrel_ranges.find())
        self.assertLess(batches, 24, "120 MB of documents, most of them in batches of 8 MiB")
        self.assertEqual(2 * 5999 + 1, project.db.things.find_one({"_id": 5999})["n"])
        down = project.ok("down", timeout=300)
        self.assertSameBytes(before, project.raw())
        peaks = {"up": up.usage.peak // MEGABYTE, "down": down.usage.peak // MEGABYTE}
        print(f"{batches} batches, peak memory in MiB: {peaks}")
        self.assertPeakBelow(64 * MEGABYTE, up.usage, down.usage)

    @on("replicaset")
    def test_a_thousand_migrations_are_listed_applied_and_undone(self, project):
        names = [project.migration(f"m{k}", {"insert": "log", "documents": [{"_id": k}]})
                 for k in range(1000)]
        self.assertEqual({name: "pending" for name in names}, project.states())
        result = project.ok("up", timeout=600)
        self.assertEqual([f"MIGRATED UP: {name}" for name in names],
                         [line for line in result.out.splitlines() if line.startswith("MIGRATED")])
        self.assertEqual(1000, project.db.log.count_documents({}))
        self.assertEqual({name: "applied" for name in names}, project.states())
        cpu_seconds = project.ok("status").usage.cpu_seconds
        self.assertLess(cpu_seconds, 2, "a debug build takes some")
        project.ok("down", "--steps", "10")
        self.assertEqual(990, project.db.log.count_documents({}))
        self.assertEqual(["pending"] * 10, list(project.states().values())[-10:])


if __name__ == "__main__":
    import unittest
    unittest.main()
