"""Document migrations with every major version of the driver that a project may have."""
from bson import Decimal128, Int64

from support.scripts import ScriptTest, quarantined, script
from support.testcase import on_either

# One result of each kind, by the remainder of `_id`; 3 throws, 13 rejects, 23 is nonsense.
EACH = """
  async transform(doc, ctx) {
    const { Long, Decimal128, ObjectId } = require('mongodb');
    if (doc._id === 3) throw new TypeError('three');
    if (doc._id === 13) return Promise.reject(new RangeError('thirteen'));
    if (doc._id === 23) return new Date();
    switch (doc._id % 5) {
      case 0: return { $set: { long: Long.fromNumber(7), price: Decimal128.fromString('1.50') }, $unset: { n: '' } };
      case 1: return [{ $set: { n: { $add: ['$n', 0.5] } } }];
      case 2: return { ...doc, at: new ObjectId('65920080' + '0'.repeat(16)), list: [doc.big, { a: doc.big }] };
      case 3: return null;
      default: return { $set: { by: (await ctx.db.collection('factors').findOne({})).by } };
    }
  }"""


class DriversTest(ScriptTest):
    def fill(self, project):
        project.db.things.insert_many([{"_id": k, "n": k, "big": Int64(2 ** 60 + k), "one": 1.0} for k in range(30)])
        project.db.factors.insert_one({"_id": "f", "by": "all"})
        return project.raw()

    def check(self, project, major):
        self.install_driver(project, major)
        before = self.fill(project)
        script(project, EACH)
        project.exits(3, "up", "--max-errors", "3", "--workers", "2")
        messages = quarantined(project)
        self.assertEqual({3, 13, 23}, set(messages))
        self.assertRegex(messages[3], r"^TypeError: three \(line \d+\)$")
        self.assertRegex(messages[13], r"^RangeError: thirteen \(line \d+\)$")
        found = {document["_id"]: document for document in project.db.things.find()}
        self.assertEqual((Int64(7), Decimal128("1.50")), (found[5]["long"], found[5]["price"]))
        self.assertNotIn("n", found[5])
        self.assertEqual(6.5, found[6]["n"])
        self.assertEqual([Int64(2 ** 60 + 7), {"a": Int64(2 ** 60 + 7)}], found[7]["list"])
        self.assertEqual((8, "all"), (found[8]["n"], found[9]["by"]))
        self.assertEqual({float}, {type(document["one"]) for document in found.values()})
        project.ok("down")
        self.assertSameBytes(before, project.raw())

    @on_either
    def test_results_of_every_kind_with_driver_4(self, project):
        self.check(project, 4)

    @on_either
    def test_results_of_every_kind_with_driver_5(self, project):
        self.check(project, 5)

    @on_either
    def test_results_of_every_kind_with_driver_7(self, project):
        self.check(project, 7)

    @on_either
    def test_a_batch_at_once_setup_and_revert_with_each_driver(self, project):
        for major in (4, 5, 7):
            self.install_driver(project, major)
            project.empty()
            before = self.fill(project)
            name = script(project, "async setup(ctx) { ctx.state.by = await ctx.db.collection('factors').findOne(); }",
                          "transformBatch(docs, ctx) { return docs.map((doc) => ({ ...doc, by: ctx.state.by.by })); }",
                          "revert(doc) { delete doc.by; return doc; }", where="{ n: { $gte: 0 } }")
            project.ok("up", "--workers", "2")
            self.assertEqual(30, project.db.things.count_documents({"by": "all"}), f"driver {major}")
            project.ok("down")
            self.assertSameBytes(before, project.raw(), f"driver {major}")
            (project.migrations / name).unlink()


if __name__ == "__main__":
    import unittest
    unittest.main()
