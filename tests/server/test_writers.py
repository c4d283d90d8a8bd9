"""An application that writes during `up` loses nothing, on the fields that the pipeline reads and others."""
import threading

import pymongo

from support.testcase import ServerTest, on_both

DOCS = 6000
WRITERS = 3
STEP = {"update": "things", "with": [
    {"$set": {"n": {"$add": [{"$multiply": ["$n", 2]}, 1]}, "seen": "$w", "runs": {"$add": ["$runs", 1]}}}]}


class Application(threading.Thread):
    """Increments `w`, which the pipeline reads, and `hits`, which it does not, of random documents,
    and counts what the server acknowledged."""

    def __init__(self, project, rng, stop, fields=("w", "hits")):
        super().__init__()
        self.client = pymongo.MongoClient(project.uri)
        self.things = self.client[project.db.name].things
        self.rng, self.stopped, self.fields = rng, stop, fields
        self.acknowledged = {field: {} for field in fields}
        self.error = None

    def run(self):
        try:
            while not self.stopped.is_set():
                number, field = self.rng.randrange(DOCS), self.rng.choice(self.fields)
                result = self.things.update_one({"_id": number}, {"$inc": {field: 1}})
                if result.modified_count != 1:
                    raise AssertionError(f"document {number} was not there to change")
                counts = self.acknowledged[field]
                counts[number] = counts.get(number, 0) + 1
        except Exception as error:  # checked by the test
            self.error = error
        finally:
            self.client.close()


class WriterTest(ServerTest):
    def fill(self, project, docs=100):
        project.config(engine={"workers": 2, "batch": {"docs": docs}})
        project.db.things.insert_many(
            [{"_id": k, "k": k, "n": k, "w": 0, "hits": 0, "runs": 0} for k in range(DOCS)])

    def beside_writers(self, project, *command, writers=WRITERS):
        stop = threading.Event()
        threads = [Application(project, type(self.random)(self.random.random()), stop)
                   for _ in range(writers)]
        for thread in threads:
            thread.start()
        try:
            result = project.run(*command)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        for thread in threads:
            self.assertIsNone(thread.error)
        return result, threads

    def check_increments(self, project, threads):
        """Every acknowledged increment is there, document by document."""
        for document in project.db.things.find():
            for field in ("w", "hits"):
                expected = sum(t.acknowledged[field].get(document["_id"], 0) for t in threads)
                self.assertEqual(expected, document[field], f"{field} of {document}")

    @on_both
    def test_no_increment_is_lost_and_nothing_is_migrated_twice(self, project):
        self.fill(project)
        project.migration("twice", STEP)
        result, threads = self.beside_writers(project, "up")
        self.assertEqual(0, result.rc, str(result))
        self.check_increments(project, threads)
        for document in project.db.things.find():
            self.assertEqual(2 * document["k"] + 1, document["n"], document)
            self.assertEqual(1, document["runs"], document)
            self.assertLessEqual(document["seen"], document["w"], document)

    @on_both
    def test_documents_written_by_the_application_survive_a_down_beside_it(self, project):
        self.fill(project)
        project.migration("twice", STEP)
        project.ok("up")
        _, threads = self.beside_writers(project, "down", writers=1)
        self.check_increments(project, threads)
        for document in project.db.things.find():
            touched = any(document["_id"] in t.acknowledged[f] for t in threads for f in ("w", "hits"))
            if touched:  # changed before or after its turn: restored or left, never a mixture
                self.assertIn((document["n"], "seen" in document),
                              ((document["k"], False), (2 * document["k"] + 1, True)), document)
            else:
                self.assertEqual((document["k"], False), (document["n"], "seen" in document), document)

    @on_both
    def test_an_up_ends_although_documents_are_inserted_all_the_time(self, project):
        self.fill(project)
        project.migration("twice", {**STEP, "where": {"runs": 0}})
        stop = threading.Event()
        inserted = []

        def insert():
            with pymongo.MongoClient(project.uri) as client:
                while not stop.is_set():
                    number = DOCS + len(inserted)
                    client[project.db.name].things.insert_one(
                        {"_id": number, "k": number, "n": number, "w": 0, "hits": 0, "runs": 0})
                    inserted.append(number)

        thread = threading.Thread(target=insert)
        thread.start()
        try:
            result = project.run("up", timeout=60)
        finally:
            stop.set()
            thread.join()
        self.assertEqual(0, result.rc, str(result))
        self.assertEqual(DOCS + len(inserted), project.db.things.count_documents({}))
        for document in project.db.things.find():
            runs = document["runs"]
            self.assertIn(runs, (0, 1) if document["_id"] >= DOCS else (1,), document)
            self.assertEqual(document["k"] * (runs + 1) + runs, document["n"], document)

    @on_both
    def test_documents_deleted_meanwhile_are_no_error(self, project):
        self.fill(project, docs=20)
        project.migration("twice", STEP)
        victims = self.random.sample(range(DOCS), 1000)

        def delete():
            with pymongo.MongoClient(project.uri) as client:
                for number in victims:
                    client[project.db.name].things.delete_one({"_id": number})

        thread = threading.Thread(target=delete)
        thread.start()
        result = project.run("up")
        thread.join()
        self.assertEqual(0, result.rc, str(result))
        self.assertEqual(DOCS - len(victims), project.db.things.count_documents({}))
        self.assertEqual(DOCS - len(victims), project.db.things.count_documents(
            {"runs": 1, "$expr": {"$eq": ["$n", {"$add": [{"$multiply": ["$k", 2]}, 1]}]}}))


if __name__ == "__main__":
    import unittest
    unittest.main()
