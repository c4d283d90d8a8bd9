"""What a transform does not touch keeps its type and its bytes, whatever it is, with every driver."""
from bson.raw_bson import RawBSONDocument

from support import documents
from support.scripts import ScriptTest, script, transforms
from support.testcase import on_either

COUNT = 120
TOUCHES = """
  if (doc._id % 2 === 0) return { ...doc, zz: 1 };
  doc.sub.zz = 1;
  doc.arr.push(1);
  return doc;"""


class TypesTest(ScriptTest):
    def check(self, project, major):
        self.install_driver(project, major)
        pairs = list(documents.touched(self.random, COUNT))
        documents.insert(project.db.things, [RawBSONDocument(before) for before, _ in pairs])
        before = project.raw()
        self.assertSameBytes([b for b, _ in pairs], before, "as inserted")
        script(project, transforms(TOUCHES))
        project.ok("up", "--workers", "2")
        self.assertSameBytes([after for _, after in pairs], project.raw(), f"with driver {major}")
        project.ok("down")
        self.assertSameBytes(before, project.raw(), f"after down with driver {major}")

    @on_either
    def test_untouched_fields_of_every_type_keep_their_bytes_with_driver_4(self, project):
        self.check(project, 4)

    @on_either
    def test_untouched_fields_of_every_type_keep_their_bytes_with_driver_5(self, project):
        self.check(project, 5)

    @on_either
    def test_untouched_fields_of_every_type_keep_their_bytes_with_driver_6(self, project):
        self.check(project, 6)

    @on_either
    def test_untouched_fields_of_every_type_keep_their_bytes_with_driver_7(self, project):
        self.check(project, 7)

    @on_either
    def test_undefined_goes_only_where_it_is_deleted(self, project):
        """A field of the BSON type undefined stays; one that is set to undefined or deleted is gone."""
        undefined = documents.raw_element(0x06, "u", b"")
        raw = documents.append(documents.encode({"_id": 0, "n": 1, "m": 2}), undefined)
        for number in range(3):
            document = documents.encode({"_id": number, "n": 1, "m": 2})
            documents.insert(project.db.things, [RawBSONDocument(documents.append(document, undefined))])
        script(project, transforms("if (doc._id === 0) doc.n = undefined;"
                                   "if (doc._id === 1) delete doc.u;"
                                   "if (doc._id === 2) doc.u = 5; return doc;"))
        project.ok("up")
        self.assertEqual([documents.append(documents.encode({"_id": 0, "m": 2}), undefined),
                          documents.encode({"_id": 1, "n": 1, "m": 2}),
                          documents.encode({"_id": 2, "n": 1, "m": 2, "u": 5})], project.raw())
        project.ok("down")
        self.assertEqual(raw, project.raw()[0])

    @on_either
    def test_expressions_that_javascript_cannot_compile_and_broken_text_are_given_all_the_same(self, project):
        raw = documents.encode({"_id": 1, "n": 1})
        for name, (kind, payload) in documents.UNREADABLE.items():
            raw = documents.append(raw, documents.raw_element(kind, name, payload))
        documents.insert(project.db.things, [RawBSONDocument(raw)])
        for major in (4, 5, 6, 7):
            self.install_driver(project, major)
            name = script(project, transforms("return { $set: { seen: [doc.expression.pattern, doc.no_utf8] } };"))
            project.ok("up")
            found = project.db.things.find_one({}, {"seen": 1})
            self.assertEqual(["(?i)abc", "\ufffd\ufffda"], found["seen"], f"driver {major}")
            project.ok("down")
            self.assertEqual([raw], project.raw())
            (project.migrations / name).unlink()


if __name__ == "__main__":
    import unittest
    unittest.main()
