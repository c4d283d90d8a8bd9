"""Backups: mongodump's formats, one moment of a replica set, complete or not there at all."""
import json
import signal
import subprocess
import threading

import bson
import pymongo

from support import mongodump
from support.backups import backups, definitions, fill, only_backup
from support.process import state_of
from support.project import BINARY, clean_environment
from support.testcase import ServerTest, on, on_both, wait_until

MANIFEST = "whimbrel-backup.json"


class BackupTest(ServerTest):
    def read(self, project, *args):
        """Makes a backup of this kind; the project's only one, as an independent reader sees it."""
        project.ok("backup", *args)
        return mongodump.read_directory(only_backup(project), project.db.name)

    @on_both
    def test_a_folder_holds_every_document_byte_for_byte(self, project):
        fill(project)
        dump = self.read(project)
        self.assertSameBytes(sorted(project.raw("things")), dump.sorted("things"))
        self.assertSameBytes(sorted(project.raw("ids")), dump.sorted("ids"))
        self.assertEqual([], dump.documents["empty"])
        prelude = json.loads((only_backup(project) / project.db.name / "prelude.json").read_text())
        self.assertRegex(prelude["ServerVersion"], r"^\d+\.\d+\.\d+$")

    @on_both
    def test_metadata_has_options_indexes_and_uuid_as_the_server_gives_them(self, project):
        definitions(project)
        dump = self.read(project)
        listed = {c["name"]: c for c in project.db.list_collections()}
        for name, metadata in dump.metadata.items():
            self.assertEqual(name, metadata["collectionName"])
            self.assertEqual(listed[name]["type"], metadata["type"])
            self.assertEqual(listed[name]["options"], metadata.get("options", {}), name)
            uuid = listed[name].get("info", {}).get("uuid")
            self.assertEqual(bytes(uuid).hex() if uuid else None, metadata.get("uuid"))
        self.assertEqual({"capped", "words", "view", "weather"}, set(dump.metadata))
        indexes = {i["name"]: dict(i) for i in project.db.words.list_indexes()}
        self.assertEqual(indexes, {i["name"]: i for i in dump.metadata["words"]["indexes"]})
        self.assertNotIn("view", dump.documents)
        self.assertSameBytes(project.raw("system.buckets.weather"), dump.sorted("system.buckets.weather"))
        self.assertEqual([9 - k for k in range(9)], [bson.decode(d)["_id"] for d in dump.documents["capped"]])

    @on_both
    def test_gzip_compresses_every_file_and_says_the_same(self, project):
        fill(project)
        dump = self.read(project, "--gzip")
        self.assertSameBytes(sorted(project.raw("things")), dump.sorted("things"))
        names = [p.name for p in (only_backup(project) / project.db.name).iterdir()]
        self.assertTrue(all(name.endswith(".gz") for name in names), names)
        self.assertIn("things.bson.gz", names)
        mongodump.check_manifest(only_backup(project))

    @on_both
    def test_an_archive_is_read_by_a_strict_reader(self, project):
        fill(project)
        definitions(project)
        for flags in ([], ["--gzip"]):
            path = project.root / f"all{len(flags)}.archive"
            project.ok("backup", "--archive", path, *flags)
            dump = mongodump.read_archive(path.read_bytes())
            self.assertSameBytes(sorted(project.raw("things")), dump.sorted("things"))
            self.assertSameBytes(project.raw("system.buckets.weather"), dump.sorted("system.buckets.weather"))
            self.assertEqual({"things", "ids", "empty", "capped", "words", "view", "weather"}, set(dump.metadata)
                             - {"whimbrel_audit", "whimbrel_evidence"})

    @on_both
    def test_an_archive_goes_to_stdout_alone(self, project):
        fill(project, 50)
        run = subprocess.run([BINARY, "backup", "--archive", "-", "--only", "things"], cwd=project.root,
                             capture_output=True, env=clean_environment(), timeout=60)
        self.assertEqual(0, run.returncode, run.stderr)
        self.assertSameBytes(sorted(project.raw("things")), mongodump.read_archive(run.stdout).sorted("things"))

    @on_both
    def test_the_manifest_has_counts_and_checksums_and_says_what_is_of_one_moment(self, project):
        fill(project)
        project.db.create_collection("capped", capped=True, size=4096)
        project.ok("backup")
        manifest = mongodump.check_manifest(only_backup(project))
        collections = {c["name"]: c for c in manifest["collections"]}
        self.assertEqual(1000, collections["things"]["documents"])
        self.assertEqual(sum(map(len, project.raw("things"))), collections["things"]["bytes"])
        replica_set = manifest["server"]["topology"] == "replicaset"
        self.assertEqual("snapshot" if replica_set else "none", manifest["consistency"])
        self.assertEqual(replica_set, manifest["clusterTime"] is not None)
        self.assertEqual(replica_set, collections["things"]["consistent"])
        self.assertFalse(collections["capped"]["consistent"])

    @on_both
    def test_only_named_collections_are_taken(self, project):
        fill(project, 10)
        dump = self.read(project, "--only", "things", "empty")
        self.assertEqual({"things", "empty"}, set(dump.documents))
        self.assertSaid("no collection 'nothing'", project.exits(66, "backup", "--only", "nothing"))
        self.assertEqual(1, len(backups(project)))

    @on_both
    def test_names_that_no_file_can_have_are_escaped_or_cut(self, project):
        names = ["a b/c", "50%", "ä", "line\nfeed", "x" * 190 + "ä" * 9]
        for name in names:
            project.db[name].insert_one({"_id": name})
        dump = self.read(project)
        self.assertEqual({f"{n}" for n in names}, {m["collectionName"] for m in dump.metadata.values()}
                         - {"whimbrel_audit", "whimbrel_evidence"})
        self.assertIn("a+b%2Fc", dump.documents)
        self.assertTrue(all(len(name) <= 238 for name in dump.documents))

    @on("replicaset")
    def test_all_collections_are_of_one_moment_while_money_moves_between_them(self, project):
        accounts = 2000
        for name in ("left", "right"):
            project.db[name].insert_many([{"_id": k, "money": 100, "pad": "x" * 500} for k in range(accounts)])
        ends = threading.Event()

        def move(number):
            client = pymongo.MongoClient(project.uri)
            db, n = client[project.db.name], number
            with client.start_session() as session:
                while not ends.is_set():
                    n = (n * 7919 + 13) % accounts

                    def transfer(s):
                        db.left.update_one({"_id": n}, {"$inc": {"money": -1}}, session=s)
                        db.right.update_one({"_id": (n + 1) % accounts}, {"$inc": {"money": 1}}, session=s)
                    session.with_transaction(transfer)
            client.close()
        threads = [threading.Thread(target=move, args=(k,)) for k in range(3)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(4):
                project.ok("backup")
        finally:
            ends.set()
            for thread in threads:
                thread.join()
        moved = set()
        for folder in backups(project):
            dump = mongodump.read_directory(folder, project.db.name)
            money = {name: sum(bson.decode(d)["money"] for d in dump.documents[name]) for name in ("left", "right")}
            self.assertEqual(200 * accounts, sum(money.values()))
            moved.add(money["left"])
        self.assertGreater(len(moved), 1, "money moved meanwhile")

    @on_both
    def test_a_large_collection_is_read_in_ranges_and_nothing_is_lost_or_doubled(self, project):
        pad = "x" * 60000
        ids = [k if k % 2 else f"s{k}" for k in range(2500)]
        for start in range(0, len(ids), 500):
            project.db.big.insert_many([{"_id": i, "pad": pad} for i in ids[start:start + 500]])
        result = project.ok("backup", "--workers", "3")
        dump = mongodump.read_directory(only_backup(project), project.db.name)
        self.assertEqual(sorted(map(str, ids)), sorted(str(bson.decode(d)["_id"]) for d in dump.documents["big"]))
        self.assertPeakBelow(150 << 20, result.usage)

    @on_both
    def test_a_killed_backup_leaves_nothing_that_looks_complete_and_prune_removes_it(self, project):
        fill(project)
        for point in ("kill write backup before#1", "kill write backup after#3", "kill write backup before#5"):
            run = project.run("backup", env={"WHIMBREL_FAULT": point})
            self.assertEqual(-signal.SIGKILL, run.rc, point)
            self.assertTrue(all(p.name.endswith(".partial") for p in backups(project)))
        listed = project.ok("backup", "list", "-o", "json").json()["backups"]
        self.assertEqual({"left over"}, {b["state"] for b in listed})
        self.assertSaid("never completed", project.exits(65, "restore", backups(project)[0]))
        project.ok("backup", "prune", "--keep", "1d")
        self.assertEqual([], backups(project))
        archive = project.root / "a.archive"
        run = project.run("backup", "--archive", archive, env={"WHIMBREL_FAULT": "kill write backup after#2"})
        self.assertEqual(-signal.SIGKILL, run.rc)
        self.assertFalse(archive.exists())
        project.ok("backup", "--archive", archive)
        mongodump.read_archive(archive.read_bytes())
        self.assertFalse((project.root / "a.archive.partial").exists())

    @on_both
    def test_what_another_process_writes_is_neither_pruned_nor_taken_for_a_backup(self, project):
        fill(project)
        stopped = project.start("backup", env={"WHIMBREL_FAULT": "stop write backup before#2"})
        wait_until(lambda: (project.root / "backups").exists() and backups(project), "it writes")
        partial = backups(project)
        project.ok("backup", "prune", "--keep", "1d")
        self.assertEqual(partial, backups(project))
        listed = project.ok("backup", "list", "-o", "json").json()["backups"]
        self.assertEqual(["being written"], [b["state"] for b in listed])
        self.wait_until_stopped(stopped)
        stopped.signal(signal.SIGCONT)
        self.assertEqual(0, stopped.wait().rc)
        mongodump.check_manifest(only_backup(project))

    @on_both
    def test_a_full_disk_is_said_and_nothing_half_is_left(self, project):
        fill(project)
        for flags in ([], ["--archive", "b.archive"]):
            result = project.run("backup", *flags, program=("prlimit", "--fsize=100000", "--", BINARY))
            self.assertEqual(73, result.rc, result)
            self.assertSaid("file too large", result, "err")
        self.assertEqual([], backups(project))
        self.assertEqual([], list(project.root.glob("b.archive*")))
        self.assertEqual(73, project.run("backup", "--archive", "/dev/full").rc)

    @on_both
    def test_a_place_that_is_taken_or_cannot_be_written_is_said(self, project):
        fill(project, 5)
        (project.root / "file").write_text("mine")
        self.assertEqual(73, project.run("backup", "--out", "file").rc)
        self.assertEqual(73, project.run("backup", "--archive", "file").rc)
        self.assertEqual(73, project.run("backup", "--out", "file/below").rc)
        self.assertEqual("mine", (project.root / "file").read_text())
        self.assertEqual(64, project.run("backup", "--out", "x", "--archive", "y").rc)
        self.assertEqual(64, project.run("backup", "everything").rc)

    @on_both
    def test_verify_names_file_and_position_of_what_is_wrong(self, project):
        fill(project, 300)
        project.ok("backup")
        folder = only_backup(project)
        self.assertSaid("by the checksums", project.ok("backup", "verify", folder))
        path = folder / project.db.name / "things.bson"
        whole = path.read_bytes()
        first = len(mongodump.split(whole)[0])
        for changed, position in ((whole[:-3], None), (whole[:first], None),
                                  (whole[:first] + b"\x01\0\0\0" + whole[first + 4:], first),
                                  (whole[:40] + bytes([whole[40] ^ 1]) + whole[41:], None)):
            path.write_bytes(changed)
            result = project.exits(65, "backup", "verify", folder)
            self.assertIn("things.bson, byte", result.err)
            if position is not None:
                self.assertIn(f"byte {position:,}:", result.err)
        path.unlink()
        self.assertIn("things.bson", project.exits(65, "backup", "verify", folder).err)

    @on_both
    def test_prune_removes_old_backups_but_never_the_newest_nor_what_is_not_ours(self, project):
        fill(project, 5)
        for _ in range(3):
            project.ok("backup")
        foreign = project.root / "backups" / "mongodump-of-tuesday"
        mongodump.write_directory(foreign, project.db.name, {"x": ([], mongodump.metadata_text("x"))})
        made = [p for p in backups(project) if p != foreign]
        for age, folder in zip((40, 35, 32), made):
            manifest = json.loads((folder / MANIFEST).read_text())
            manifest["finishedAtMs"] -= age * 86_400_000
            (folder / MANIFEST).write_text(json.dumps(manifest))
        self.assertEqual(64, project.run("backup", "prune").rc)
        said = project.ok("backup", "prune", "--keep", "30d", "--dry-run").out
        self.assertIn("would remove", said)
        self.assertEqual(4, len(backups(project)))
        project.ok("backup", "prune", "--keep", "33d")
        self.assertEqual({made[2], foreign}, set(backups(project)))
        project.ok("backup", "prune", "--keep", "30d")
        self.assertEqual({made[2], foreign}, set(backups(project)))

    @on_both
    def test_list_says_what_each_backup_is_of(self, project):
        self.assertSaid("no backups in", project.ok("backup", "list"))
        fill(project, 5)
        project.config(backup={"directory": "elsewhere"})
        project.ok("backup", "--gzip")
        listed, = project.ok("backup", "list", "-o", "json").json()["backups"]
        self.assertEqual(("complete", True, "directory"), (listed["state"], listed["gzip"], listed["format"]))
        self.assertIn("elsewhere", listed["path"])
        self.assertIn("documents", project.ok("backup", "list").out)

    @on_both
    def test_for_a_migration_only_what_it_will_touch_is_taken(self, project):
        project.db.things.insert_many([{"_id": k, "old": k % 2} for k in range(10)])
        project.db.others.insert_one({"_id": 1})
        name = project.migration("change", {"update": "things", "where": {"old": 1}, "with": {"$set": {"new": 1}}},
                                 {"createIndexes": "others", "indexes": [{"key": {"a": 1}}]})
        dump = self.read(project, "--for", "change")
        self.assertEqual([1, 3, 5, 7, 9], sorted(bson.decode(d)["_id"] for d in dump.documents["things"]))
        self.assertEqual([], dump.documents["others"])
        manifest = mongodump.check_manifest(only_backup(project))
        self.assertEqual(name, manifest["migration"]["file"])
        self.assertEqual({"old": {"$numberInt": "1"}}, manifest["collections"][1]["where"])
        self.assertIsNone(manifest["collections"][1].get("nothing"))
        project.migration("20990101000000-script.js", text="module.exports = { async up(db) {} };")
        self.assertSaid("does not say which collections", project.exits(1, "backup", "--for", "script"))
        project.exits(66, "backup", "--for", "nothing")

    @on_both
    def test_up_makes_a_backup_of_what_it_touches_first(self, project):
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(10)])
        before = project.raw()
        project.migration("change", {"update": "things", "with": {"$inc": {"n": 1}}})
        project.ok("up", "--backup")
        self.assertNotEqual(before, project.raw())
        dump = mongodump.read_directory(only_backup(project), project.db.name)
        self.assertSameBytes(before, dump.sorted("things"))
        project.ok("up", "--backup")
        self.assertEqual(1, len(backups(project)), "nothing is pending")

    @on_both
    def test_the_configuration_asks_for_a_backup_before_up_and_its_failure_stops_it(self, project):
        project.config(environments={"production": {}, "staging": {}}, backup={"before": ["production"]})
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(3000)])
        project.migration("change", {"update": "things", "with": {"$inc": {"n": 1}}})
        before = project.raw()
        result = project.run("up", "-e", "production", program=("prlimit", "--fsize=10000", "--", BINARY))
        self.assertEqual(73, result.rc, result)
        self.assertEqual(before, project.raw())
        self.assertEqual({}, {n: s for n, s in project.states().items() if s != "pending"})
        result = project.ok("up", "-e", "production")
        self.assertNotIn("does not act", result.err)
        self.assertEqual(1, len(backups(project)))

    @on_both
    def test_the_gate_takes_a_backup_of_this_database_since_the_last_migration(self, project):
        project.config(environments={"production": {"requires": ["backup"]}})
        project.db.things.insert_one({"_id": 1, "n": 1})
        first = project.migration("first", {"update": "things", "with": {"$inc": {"n": 1}}})
        project.migration("second", {"update": "things", "with": {"$inc": {"n": 2}}})
        self.assertIn("whimbrel -e production backup --for", project.exits(1, "up", "-e", "production").err)
        project.ok("backup", "--only", "things")
        project.exits(1, "up", "-e", "production")
        project.ok("backup")
        project.ok("up", "-e", "production", "--to", first)
        self.assertIn("second", project.exits(1, "up", "-e", "production").err)
        project.ok("backup", "--for", "second")
        project.ok("up", "-e", "production")
        history = project.ok("history", "-o", "json").json()["events"]
        self.assertEqual(3, len([e for e in history if e["action"] == "backup"]))

    @on_both
    def test_up_backup_passes_its_own_gate_but_not_the_others(self, project):
        project.config(environments={"production": {"requires": ["backup", "test"]}})
        project.db.things.insert_one({"_id": 1, "n": 1})
        project.migration("change", {"update": "things", "with": {"$inc": {"n": 1}}})
        project.exits(1, "up", "-e", "production", "--backup")
        self.assertFalse((project.root / "backups").exists())
        project.ok("test")
        project.ok("up", "-e", "production", "--backup")

    @on("replicaset")
    def test_a_moment_that_the_server_no_longer_keeps_is_explained(self, project):
        server = self.own_server("replicaset", ["--setParameter", "minSnapshotHistoryWindowInSeconds=1"])
        other = self.project("replicaset", server.uri)
        other.db.things.insert_many([{"_id": k, "pad": "x" * 500} for k in range(3000)])
        stopped = other.start("backup", env={"WHIMBREL_FAULT": "stop find things before#1"})
        self.wait_until_stopped(stopped)
        now = other.db.client.admin.command("ping")["operationTime"]

        def too_old():
            other.db.things.update_many({"_id": {"$lt": 100}}, {"$inc": {"n": 1}})
            try:
                other.db.command({"find": "things", "limit": 1,
                                  "readConcern": {"level": "snapshot", "atClusterTime": now}})
            except pymongo.errors.OperationFailure as refused:
                return refused.code == 239
            return False
        wait_until(too_old, "the server forgets the moment", 60, pause=0.2)
        stopped.signal(signal.SIGCONT)
        result = stopped.wait()
        self.assertEqual(1, result.rc, result)
        self.assertSaid("minSnapshotHistoryWindowInSeconds: 3600", result, "err")
        self.assertEqual([], backups(other))

    def wait_until_stopped(self, running):
        wait_until(lambda: state_of(running.process.pid) == "T", "the process stops")
