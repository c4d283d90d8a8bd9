"""Every document once: ids of every BSON type and mix, n -> 2n + 1."""
from support import documents
from support.project import RAW, decode
from support.testcase import ServerTest, on, on_both

TWICE_AND_ONE = {"update": "things", "with": [{"$set": {"n": {"$add": [{"$multiply": ["$n", 2]}, 1]}}}]}


class IdTest(ServerTest):
    def insert(self, project, found):
        documents.insert(project.db.get_collection("things", codec_options=RAW), found)

    def migrate(self, project, workers, docs):
        project.config(engine={"workers": workers, "batch": {"docs": docs}})
        project.migration("20240101000000-twice.yaml", TWICE_AND_ONE)
        before = project.raw()
        project.ok("up")
        after = project.raw()
        self.assertEqual(len(before), len(after))
        for old, new in zip(before, after):
            old, new = decode(old), decode(new)
            self.assertEqual(2 * old["n"] + 1, new["n"], f"_id {old['_id']!r}")
        return before

    @on_both
    def test_ids_of_every_type_are_visited_once_by_one_lane(self, project):
        self.insert(project, documents.id_documents(self.random))
        self.migrate(project, workers=1, docs=7)

    @on_both
    def test_ids_of_every_type_are_visited_once_by_three_lanes(self, project):
        self.insert(project, documents.id_documents(self.random, filler=60))
        self.migrate(project, workers=3, docs=7)

    @on_both
    def test_ids_of_every_type_come_back_byte_for_byte(self, project):
        self.insert(project, documents.id_documents(self.random))
        before = self.migrate(project, workers=3, docs=5)
        project.ok("down")
        self.assertSameBytes(before, project.raw())

    @on_both
    def test_batches_of_one_document_work(self, project):
        self.insert(project, documents.id_documents(self.random, filler=0))
        self.migrate(project, workers=1, docs=1)

    @on_both
    def test_each_type_alone_is_visited_once(self, project):
        by_type = {}
        for document in documents.id_documents(self.random, filler=12):
            by_type.setdefault(document.raw[4], []).append(document)
        self.assertGreaterEqual(len(by_type), 15)
        for kind, found in by_type.items():
            with self.subTest(bson_type=kind):
                project.empty()
                self.insert(project, found)
                self.migrate(project, workers=3, docs=3)

    @on_both
    def test_a_collection_with_a_collation_is_visited_once(self, project):
        for collation in ({"locale": "de", "strength": 1}, {"locale": "en", "numericOrdering": True},
                          {"locale": "fr", "caseFirst": "upper", "backwards": True}):
            with self.subTest(collation=collation):
                project.empty()
                project.db.create_collection("things", collation=collation)
                words = ["a", "B", "c", "ö", "p", "Q", "9", "10", "ß", "zz", "Z1", "y-y", "y z"]
                words += [f"{self.random.choice('aBcÖ')}{n}" for n in range(200)]
                found = [{"_id": word, "k": k, "n": k} for k, word in enumerate(words)]
                found += [{"_id": {"w": word}, "k": -k, "n": -k} for k, word in enumerate(words)]
                found += [{"_id": k, "k": 0, "n": k} for k in range(50)]
                self.random.shuffle(found)
                project.db.things.insert_many(found)
                self.migrate(project, workers=3, docs=7)

    @on_both
    def test_a_capped_collection_is_visited_once(self, project):
        project.db.create_collection("things", capped=True, size=1 << 20)
        project.db.things.insert_many([{"_id": k * 7 % 101, "n": k} for k in range(101)])
        self.migrate(project, workers=1, docs=7)

    @on_both
    def test_a_clustered_collection_is_visited_once(self, project):
        project.db.command({"create": "things", "clusteredIndex": {"key": {"_id": 1}, "unique": True}})
        project.db.things.insert_many([{"_id": k * 7 % 503, "n": k} for k in range(503)])
        self.migrate(project, workers=3, docs=7)

    @on("replicaset")
    def test_where_selects_what_is_changed(self, project):
        self.insert(project, documents.id_documents(self.random))
        step = {**TWICE_AND_ONE, "where": {"k": {"$mod": [3, 0]}}}
        project.config(engine={"workers": 2, "batch": {"docs": 7}})
        project.migration("some", step)
        project.ok("up")
        for document in project.db.things.find({}, {"_id": 0}):
            k = document["k"]
            self.assertEqual(2 * k + 1 if k % 3 == 0 else k, document["n"])


if __name__ == "__main__":
    import unittest
    unittest.main()
