"""A live application at full speed beside `up`, which is killed and resumed meanwhile.

Writers increment and set fields of the same documents, among them the one that the migration reads,
delete some, insert new ones below, between and above them, and put those back into the old shape.
Each counts what the server acknowledged; afterwards every document must be in a state that some
order of these writes and of one migration explains.
"""
import collections
import threading

import pymongo

from support.figures import record
from support.testcase import LONG, ServerTest, wait_until

DOCS = 60_000 if LONG else 12_000
WRITERS = 8 if LONG else 6
KILLS = 12 if LONG else 3
STEP = {"update": "things", "where": {"was": {"$exists": False}}, "with": [
    {"$set": {"was": "$n", "n": {"$add": [{"$multiply": ["$n", 2]}, 1]}, "runs": {"$add": ["$runs", 1]}}}]}


class Writer(threading.Thread):
    """Writes until it is stopped, as fast as it is answered. Only it touches what it inserted."""

    def __init__(self, project, number, rng, stop):
        super().__init__()
        self.client = pymongo.MongoClient(project.uri)
        self.things = self.client[project.db.name].things
        self.number, self.rng, self.stopped = number, rng, stop
        self.increments = collections.Counter()  # acknowledged ones of n, by _id
        self.serials = {}  # the last acknowledged one, by _id
        self.gone = set()
        self.own = {}  # k of those it inserted, by _id
        self.writes = 0
        self.error = None

    def run(self):
        try:
            while not self.stopped.is_set():
                self.writes += 1
                self.write()
        except Exception as error:  # checked by the test
            self.error = error
        finally:
            self.client.close()

    def write(self):
        kind = self.rng.random()
        if kind < 0.15:
            self.insert()
        elif kind < 0.2:
            self.remove(self.rng.randrange(DOCS))
        elif kind < 0.25 and self.own:
            self.put_back(self.rng.choice(list(self.own)))
        elif kind < 0.35 and self.own:
            self.change(self.rng.choice(list(self.own)))
        else:
            self.change(self.rng.randrange(DOCS))

    def change(self, _id):
        change = self.rng.choice(({"$inc": {"n": 1}}, {"$set": {f"w{self.number}": self.writes}},
                                  {"$inc": {"n": 1}, "$set": {f"w{self.number}": self.writes}}))
        if not self.things.update_one({"_id": _id}, change).matched_count:
            return  # somebody deleted it
        self.increments[_id] += "$inc" in change
        if "$set" in change:
            self.serials[_id] = self.writes

    def insert(self):
        unique = self.writes * WRITERS + self.number
        place = self.rng.choice((-unique, DOCS + unique, self.rng.randrange(DOCS) + unique / 2**40 + 2**-20))
        self.things.insert_one(self.old_shape(place))

    def put_back(self, _id):
        document = self.old_shape(_id)
        assert self.things.replace_one({"_id": _id}, document).matched_count == 1
        del self.increments[_id]
        self.serials.pop(_id, None)

    def old_shape(self, _id):
        self.own[_id] = self.rng.randrange(1000)
        return {"_id": _id, "k": self.own[_id], "n": self.own[_id], "runs": 0}

    def remove(self, _id):
        if self.things.delete_one({"_id": _id}).deleted_count:
            self.gone.add(_id)


class LiveTest(ServerTest):
    """Subclassed once a topology."""

    topology = None

    def fill(self, **engine):
        project = self.project(self.topology)
        project.config(engine={"workers": 2, "batch": {"docs": 100}, **engine})
        project.migration("was", STEP)
        project.db.things.insert_many([{"_id": k, "k": k, "n": k, "runs": 0} for k in range(DOCS)])
        return project

    def beside_writers(self, project, work):
        """What `work` returned while they wrote, and the writers."""
        stop = threading.Event()
        writers = [Writer(project, number, type(self.random)(self.random.random()), stop)
                   for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        try:
            result = work()
        finally:
            stop.set()
            for writer in writers:
                writer.join()
        for writer in writers:
            self.assertIsNone(writer.error)
        return result, writers

    def check(self, project, writers):
        """Every acknowledged write is there once, every document was migrated at most once, each of the old
        ones was or is set aside, and none that was deleted has come back."""
        aside = {entry["_id"]["document"] for entry in project.db.whimbrel_errors.find()}
        documents = {document["_id"]: document for document in project.db.things.find()}
        own = {_id: k for writer in writers for _id, k in writer.own.items()}
        gone = set().union(*(writer.gone for writer in writers))
        self.assertEqual(sum(len(writer.gone) for writer in writers), len(gone), "deleted twice: came back")
        self.assertEqual(set(own) | set(range(DOCS)) - gone, set(documents))
        for _id, document in documents.items():
            self.check_document(document, own.get(_id, _id), writers, _id not in own and _id not in aside)

    def check_document(self, document, k, writers, migrated):
        _id = document["_id"]
        total = sum(writer.increments[_id] for writer in writers)
        before = document.get("was", k + total) - k  # increments before its turn
        self.assertEqual(k, document["k"], document)
        self.assertTrue(0 <= before <= total, f"{before} of {total} increments before {document}")
        if "was" in document:
            self.assertEqual((1, 2 * (k + before) + 1 + total - before), (document["runs"], document["n"]), document)
        else:
            self.assertFalse(migrated, f"left behind: {document}")
            self.assertEqual((0, k + total), (document["runs"], document["n"]), document)
        for writer in writers:
            if _id in writer.serials:
                self.assertEqual(writer.serials[_id], document[f"w{writer.number}"], document)

    def migrated(self, project):
        return project.db.things.count_documents({"was": {"$exists": True}})

    def run_up_beside_writers(self):
        project = self.fill()
        result, writers = self.beside_writers(project, lambda: project.run("up", "-o", "json"))
        self.assertEqual(0, result.rc, str(result))
        self.check(project, writers)
        left = project.db.things.count_documents({"was": {"$exists": False}})
        self.assertLessEqual(result.json()["residual"], left + sum(len(w.own) for w in writers))
        self.report(writers, kills=0)

    def run_up_killed_beside_writers(self):
        # Without transactions, what the application wrote around a kill may be neither the old nor the new document.
        project = self.fill(maxErrors=100 * KILLS if self.topology == "standalone" else 0)
        (result, kills), writers = self.beside_writers(project, lambda: self.up_killed(project))
        aside = project.db.whimbrel_errors.count_documents({})
        self.assertEqual(3 if aside else 0, result.rc, str(result))
        self.check(project, writers)
        self.report(writers, kills)

    def up_killed(self, project):
        kills = 0
        for number in range(KILLS):
            running = project.start("up", "--wait", "60s")
            goal = DOCS * (number + self.random.random()) / KILLS
            wait_until(lambda: not running.alive or self.migrated(project) >= goal, "a part is migrated", 120)
            kills += running.alive
            running.kill()
        return project.run("up", "--wait", "60s", timeout=300), kills

    def report(self, writers, kills):
        figures = {"kills": kills, "writes beside it": sum(writer.writes for writer in writers)}
        record("a live application", self.topology, **figures, lost=0, doubled=0)
