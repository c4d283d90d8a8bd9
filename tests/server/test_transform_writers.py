"""An application that writes beside a script loses nothing."""
import threading

from server.test_writers import DOCS, Application
from support.scripts import ScriptTest, script, transforms
from support.testcase import on_both

BODY = "return { $set: { n: doc.n * 2 + 1, seen: doc.w, runs: doc.runs + 1 } };"


class TransformWriterTest(ScriptTest):
    def fill(self, project):
        project.config(engine={"workers": 2, "batch": {"docs": 100}})
        project.db.things.insert_many(
            [{"_id": k, "k": k, "n": k, "w": 0, "hits": 0, "runs": 0} for k in range(DOCS)])

    def beside_writers(self, project, *command):
        """Runs a command beside three writers and checks that no increment of theirs was lost."""
        stop = threading.Event()
        threads = [Application(project, type(self.random)(self.random.random()), stop) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            result = project.run(*command)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(0, result.rc, str(result))
        for thread in threads:
            self.assertIsNone(thread.error)
        for document in project.db.things.find():
            for field in ("w", "hits"):
                expected = sum(t.acknowledged[field].get(document["_id"], 0) for t in threads)
                self.assertEqual(expected, document[field], f"{field} of {document}")
        return result

    def check_once(self, project):
        for document in project.db.things.find():
            self.assertEqual(2 * document["k"] + 1, document["n"], document)
            self.assertEqual(1, document["runs"], document)
            self.assertLessEqual(document["seen"], document["w"], document)

    @on_both
    def test_operators(self, project):
        self.fill(project)
        script(project, transforms(BODY))
        self.beside_writers(project, "up")
        self.check_once(project)

    @on_both
    def test_whole_documents(self, project):
        self.fill(project)
        script(project, transforms("doc.n = doc.n * 2 + 1; doc.seen = doc.w; doc.runs += 1; return doc;"))
        self.beside_writers(project, "up")
        self.check_once(project)

    @on_both
    def test_images_that_only_the_server_knows(self, project):
        self.fill(project)
        script(project, transforms("return { $inc: { n: doc.n + 1, runs: 1 }, $set: { 'seen': doc.w } };"))
        self.beside_writers(project, "up")
        self.check_once(project)

    @on_both
    def test_fields_that_are_read(self, project):
        self.fill(project)
        script(project, transforms(BODY), reads="['n', 'w', 'runs']")
        self.beside_writers(project, "up")
        self.check_once(project)

    @on_both
    def test_without_a_journal(self, project):
        self.fill(project)
        script(project, transforms(BODY), where="{ runs: 0 }", options="{ journal: false }")
        self.beside_writers(project, "up")
        self.check_once(project)
        self.assertEqual(0, project.db.whimbrel_journal.count_documents({}))


if __name__ == "__main__":
    import unittest
    unittest.main()
