"""What a run holds does not grow with its documents: memory, threads, files, sessions, the journal of a batch."""
import itertools
import os
import pathlib
import time

from support.testcase import LONG, ServerTest

DOCS = 10_000_000 if LONG else 60_000
CHUNK = 20_000  # documents of one insert
EVERY = 2.0 if LONG else 0.05  # seconds between two looks
PAD = "x" * 100


class LongRunTest(ServerTest):
    def fill(self, project):
        things = project.db.things
        for start in range(0, DOCS, CHUNK):
            things.insert_many([{"_id": k, "n": k, "pad": PAD} for k in range(start, min(DOCS, start + CHUNK))],
                               ordered=False)

    def look(self, project, pid):
        """What the process and the server hold now; None once the process has ended."""
        process = pathlib.Path(f"/proc/{pid}")
        try:
            status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
            files = len(os.listdir(process / "fd"))
            resident, threads = int(status["VmRSS"].split()[0]) >> 10, int(status["Threads"])
        except (OSError, KeyError):
            return None
        journal = project.db.command("collStats", "whimbrel_journal")
        sessions = project.db.client.admin.aggregate([{"$listLocalSessions": {}}, {"$count": "n"}])
        return {"MiB": resident, "threads": threads, "files": files,
                "sessions": next(sessions, {"n": 0})["n"],
                "bytes of an entry": journal.get("size", 0) // max(1, journal.get("count", 0)),
                "done": journal.get("count", 0)}

    def looks(self, project, *command):
        """Looks all through the run; those at its first and last entries of the journal are left out."""
        running = project.start(*command)
        found = []
        while one := self.look(project, running.process.pid):
            found.append(one)
            time.sleep(EVERY)
        result = running.wait()
        self.assertEqual(0, result.rc, str(result))
        self.assertPeakBelow(64 << 20, result.usage)
        entries = sorted({one["done"] for one in found})
        return [one for one in found if entries[0] < one["done"] < entries[-1]]

    def check_flat(self, looks, allowed):
        self.assertGreater(len(looks), 9, "looks")
        third = len(looks) // 3
        early, late = looks[:third], looks[-third:]
        print(f"{DOCS} documents, {len(looks)} looks: first {early[0]}, last {late[-1]}")
        for what, more in allowed.items():
            before, after = (max(one[what] for one in some) for some in (early, late))
            self.assertLessEqual(after, before + more, f"{what}: {before} in the first third, {after} in the last")

    def test_nothing_grows_while_it_runs_nor_while_it_is_undone(self):
        project = self.project("replicaset", self.own_server("replicaset").uri)
        project.config(engine={"workers": 2, "batch": {"docs": 5000 if LONG else 100}})
        project.migration("twice", {"update": "things", "with": [
            {"$set": {"n": {"$add": [{"$multiply": ["$n", 2]}, 1]}}}]})
        self.fill(project)
        allowed = {"MiB": 8, "threads": 0, "files": 2, "sessions": 2}
        self.check_flat(self.looks(project, "up"), {**allowed, "bytes of an entry": 64})
        once = {"$expr": {"$eq": ["$n", {"$add": [{"$multiply": ["$_id", 2]}, 1]}]}}
        self.assertEqual(DOCS, project.db.things.count_documents(once))
        self.check_flat(self.looks(project, "down"), allowed)
        self.assertEqual(DOCS, project.db.things.count_documents({"$expr": {"$eq": ["$n", "$_id"]}}))
        self.assertEqual([], list(itertools.islice(project.db.whimbrel_journal.find(), 1)))


if __name__ == "__main__":
    import unittest
    unittest.main()
