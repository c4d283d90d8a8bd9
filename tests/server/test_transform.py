"""Document migrations in JavaScript: what a transform returns is what becomes of the document."""
import datetime

from bson import Binary, Decimal128, Int64, ObjectId, Regex
from bson.son import SON

from support import documents
from support.scripts import ScriptTest, script, transforms
from support.testcase import on, on_both

TYPES = {"double": 1.0, "long": Int64(2 ** 60 + 1), "small": Int64(7), "decimal": Decimal128("1.50"),
         "binary": Binary(b"abc", 5), "uuid": Binary(bytes(16), 4), "regex": Regex("^a", "i"),
         "date": datetime.datetime(2020, 1, 1), "oid": ObjectId("65920080" + "0" * 16),
         "nested": SON([("z", 2.0), ("a", [1.0, Int64(3), {"x": 4.0}])]), "null": None}


class TransformTest(ScriptTest):
    def check(self, project, returned, expected, document=(("_id", 1), ("a", 1), ("b", 2))):
        """A transform that returns this makes that of the document, and `down` takes it back."""
        script(project, transforms(f"return {returned};"))
        project.db.things.insert_one(SON(document))
        before = project.raw()
        project.ok("up")
        found = project.db.things.find_one()
        self.assertEqual(expected, list(found.items()))
        project.ok("down")
        self.assertSameBytes(before, project.raw())

    @on_both
    def test_operators(self, project):
        self.check(project, "{ $set: { z: 9, b: 3, c: 4 }, $unset: { a: '' } }",
                   [("_id", 1), ("b", 3), ("c", 4), ("z", 9)])

    @on_both
    def test_operators_that_only_the_server_knows(self, project):
        self.check(project, "{ $inc: { a: 5 }, $rename: { b: 'c' }, $set: { 'd.e': 1 } }",
                   [("_id", 1), ("a", 6), ("c", 2), ("d", {"e": 1})])

    @on_both
    def test_new_fields_with_numeric_names(self, project):
        self.check(project, "{ $set: { 10: 1, 9: 1, x: 1 } }",
                   [("_id", 1), ("a", 1), ("b", 2), ("9", 1), ("10", 1), ("x", 1)])

    @on_both
    def test_a_pipeline(self, project):
        self.check(project, "[{ $set: { a: { $add: ['$a', '$b'] } } }, { $unset: ['b'] }]",
                   [("_id", 1), ("a", 3)])

    @on_both
    def test_a_whole_document(self, project):
        self.check(project, "{ b: doc.b, c: { d: 1 } }", [("_id", 1), ("b", 2), ("c", {"d": 1})])

    @on_both
    def test_a_whole_document_with_names_that_updates_read_otherwise(self, project):
        self.check(project, "{ ...doc, 'a.b': 5, $c: 6, '': 7, 'x.y': 8 }",
                   [("_id", 1), ("$c", 6), ("a.b", 5), ("", 7), ("x.y", 8)],
                   [("_id", 1), ("$c", 1), ("a.b", 2), ("", 3)])

    @on_both
    def test_the_argument_may_be_changed_and_returned(self, project):
        self.check(project, "(doc.a = { x: doc.a }, delete doc.b, doc)", [("_id", 1), ("a", {"x": 1})])

    @on_both
    def test_a_promise(self, project):
        self.check(project, "new Promise((done) => setTimeout(done, 5, { $set: { a: 2 } }))",
                   [("_id", 1), ("a", 2), ("b", 2)])

    @on_both
    def test_null_and_undefined_leave_the_document(self, project):
        script(project, transforms("return doc._id % 2 ? null : undefined;"))
        project.db.things.insert_many([{"_id": k} for k in range(10)])
        before = project.raw()
        summary = project.ok("up", "-o", "json").json()
        self.assertEqual((10, 0), (summary["documents"]["unchanged"], summary["documents"]["modified"]))
        self.assertSameBytes(before, project.raw())
        self.assertEqual(0, project.db.whimbrel_journal.count_documents({}))

    @on_both
    def test_what_changes_nothing_counts_as_unchanged(self, project):
        script(project, transforms("return [{ $set: { a: 1 }, $unset: { q: '' } }, doc, { $min: { a: 5 } },"
                                   "  [{ $set: { a: '$a' } }], { $set: { a: 2 } }][doc._id];"))
        project.db.things.insert_many([{"_id": k, "a": 1} for k in range(5)])
        found = project.ok("up", "-o", "json").json()["documents"]
        self.assertEqual((4, 1), (found["unchanged"], found["modified"]))

    @on_both
    def test_untouched_fields_keep_their_types(self, project):
        script(project, transforms("doc.nested.b = 'new'; doc.nested.a[2].y = 1; doc.added = 5; return doc;"))
        project.db.things.insert_one({"_id": 1, **TYPES})
        project.ok("up")
        found = project.db.things.find_one()
        for name, value in TYPES.items():
            if name != "nested":
                self.assertEqual((type(value), value), (type(found[name]), found[name]), name)
        a = found["nested"]["a"]
        self.assertEqual([float, Int64, float], [type(a[0]), type(a[1]), type(a[2]["x"])])
        self.assertEqual(["z", "a", "b"], list(found["nested"]))
        self.assertEqual(["_id", *TYPES, "added"], list(found))

    @on_both
    def test_every_type_survives_beside_a_change(self, project):
        documents.insert(project.db.things, documents.documents(self.random, 400))
        before = project.raw()
        script(project, transforms("return { $set: { zz: 1 } };"))
        project.ok("up", "--workers", "2")
        project.db.things.update_many({}, {"$unset": {"zz": ""}})
        self.assertSameBytes(before, project.raw())

    @on_both
    def test_ids_of_every_type(self, project):
        documents.insert(project.db.things, documents.id_documents(self.random))
        before = project.raw()
        script(project, transforms("return { $set: { n: doc.k * 2 + 1 } };"), options="{ batch: 7 }")
        project.ok("up", "--workers", "2")
        for document in project.db.things.find({}, {"_id": 0}):
            self.assertEqual(2 * document["k"] + 1, document["n"], document)
        project.ok("down")
        self.assertSameBytes(before, project.raw())

    @on_both
    def test_reads_gives_only_what_it_names(self, project):
        project.db.things.insert_one({"_id": 1, "a": 1, "b": {"c": 2, "d": 3}, "e": 4.0})
        script(project, transforms("return { $set: { keys: Object.keys(doc), inner: Object.keys(doc.b) } };"),
               reads="['a', 'b.c']")
        project.ok("up")
        found = project.db.things.find_one()
        self.assertEqual((["_id", "a", "b"], ["c"]), (found["keys"], found["inner"]))
        self.assertEqual(({"c": 2, "d": 3}, 4.0), (found["b"], found["e"]))
        project.ok("down")
        self.assertEqual({"_id": 1, "a": 1, "b": {"c": 2, "d": 3}, "e": 4.0}, project.db.things.find_one())

    @on_both
    def test_reads_and_a_whole_document_leave_other_fields(self, project):
        project.db.things.insert_one({"_id": 1, "a": 1, "b": 2, "c": {"d": 1, "e": 2}})
        script(project, transforms("doc.x = doc.a; delete doc.a; return doc;"), reads="['a', 'c.d']")
        project.ok("up")
        self.assertEqual({"_id": 1, "b": 2, "c": {"d": 1, "e": 2}, "x": 1}, project.db.things.find_one())

    @on_both
    def test_where_selects(self, project):
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(100)])
        script(project, transforms("return { $set: { seen: true } };"), where="{ n: { $gte: 40 } }")
        project.ok("up")
        self.assertEqual(60, project.db.things.count_documents({"seen": True}))
        self.assertEqual(0, project.db.things.count_documents({"seen": True, "n": {"$lt": 40}}))

    @on_both
    def test_a_batch_at_once(self, project):
        project.db.things.insert_many([{"_id": k} for k in range(30)])
        script(project, "async transformBatch(docs, ctx) {"
                        "  return docs.map((doc) => doc._id % 3 ? { $set: { of: docs.length } } : null); }",
               options="{ batch: { docs: 10 } }")
        project.ok("up")
        self.assertEqual(20, project.db.things.count_documents({"of": {"$gte": 1, "$lte": 10}}))
        project.ok("down")
        self.assertEqual(0, project.db.things.count_documents({"of": {"$exists": True}}))

    @on_both
    def test_promises_run_side_by_side_within_bounds(self, project):
        project.db.things.insert_many([{"_id": k} for k in range(60)])
        script(project, "async transform(doc) { running += 1; most = Math.max(most, running);"
                        "  await new Promise((done) => setTimeout(done, 5)); running -= 1; return { $set: { most } }; }",
               before="let running = 0; let most = 0;", options="{ concurrency: 4, batch: 60 }")
        project.ok("up")
        most = max(document["most"] for document in project.db.things.find())
        self.assertEqual(4, most)

    @on_both
    def test_revert_is_asked_for_every_document(self, project):
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(200)])
        script(project, transforms("return { $set: { m: doc.n * 2 }, $unset: { n: '' } };"),
               "revert(doc, ctx) { return doc.m === undefined ? null"
               "  : { $set: { n: doc.m / 2 }, $unset: { m: '' } }; }")
        project.ok("up")
        project.db.things.insert_one({"_id": 1000, "m": 14})
        project.ok("down", "--workers", "2")
        self.assertEqual(list(range(200)) + [7], [d["n"] for d in project.db.things.find().sort("_id")])

    @on("replicaset")
    def test_a_collection_with_a_collation(self, project):
        project.db.create_collection("things", collation={"locale": "en", "strength": 2})
        project.db.things.insert_many([{"_id": name, "n": 1} for name in ("a", "B", "c", "É")])
        before = project.raw()
        script(project, transforms("return { $set: { n: 2 } };"))
        project.ok("up")
        self.assertEqual(4, project.db.things.count_documents({"n": 2}))
        project.ok("down")
        self.assertSameBytes(before, project.raw())

    @on_both
    def test_a_capped_collection(self, project):
        project.db.create_collection("things", capped=True, size=1 << 20)
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(50)])
        script(project, transforms("return { $set: { n: doc.n * 2 + 1 } };"))
        project.ok("up")
        self.assertEqual([2 * k + 1 for k in range(50)], [d["n"] for d in project.db.things.find().sort("_id")])


if __name__ == "__main__":
    import unittest
    unittest.main()
