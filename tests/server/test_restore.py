"""Restoring: our backups and hand-made ones of mongodump's format, whole or not at all, also after a kill."""
import datetime
import gzip
import signal
import subprocess

import bson
from bson import Timestamp
from bson.raw_bson import RawBSONDocument

from support import mongodump
from support.backups import definitions, fill, only_backup
from support.project import BINARY, clean_environment
from support.testcase import ServerTest, on_both, on_either

UTC = datetime.timezone.utc


def definition(db, name):
    """Options and indexes of a collection, without what every creation makes anew."""
    listed, = db.list_collections(filter={"name": name})
    indexes = [] if listed["type"] == "view" else sorted((dict(i) for i in db[name].list_indexes()),
                                                         key=lambda i: i["name"])
    return listed["type"], listed["options"], indexes


def user_collections(db):
    return sorted(n for n in db.list_collection_names() if not n.startswith(("whimbrel_", "changelog", "system.")))


class RestoreTest(ServerTest):
    def drop(self, project, path, *args, **keys):
        return project.ok("restore", path, "--drop", "--confirm", project.db.name, *args, **keys)

    def hand_made(self, project, database=None, **keys):
        """A directory that whimbrel had no part in."""
        docs = [bson.encode({"_id": k, "n": k}) for k in range(500)]
        index = [{"v": 2, "key": {"_id": 1}, "name": "_id_"}, {"v": 2, "key": {"n": -1}, "name": "n", "unique": True}]
        collections = {"things": (docs, mongodump.metadata_text("things", indexes=index)),
                       "none": ([], mongodump.metadata_text("none", {"capped": True, "size": 4096}))}
        folder = project.root / "dump"
        mongodump.write_directory(folder, database or project.db.name, collections, **keys)
        return folder, docs, collections

    @on_either
    def test_every_type_comes_back_byte_for_byte(self, project):
        fill(project)
        project.db.things.insert_one(RawBSONDocument(bson.encode({"_id": "$dollar", "a.b": 1, "$c": 2})))
        raw = bson.encode({"_id": "zero", "first": Timestamp(0, 0), "in": {"t": Timestamp(0, 0)}})
        project.db.command({"update": "things", "updates": [
            {"q": {"_id": "zero"}, "u": [{"$replaceWith": {"$literal": RawBSONDocument(raw)}}], "upsert": True}]})
        before = {name: project.raw(name) for name in ("things", "ids", "empty")}
        self.assertIn(raw, before["things"])
        for number, flags in enumerate(([], ["--gzip"], ["--archive", "a"], ["--archive", "b", "--gzip"])):
            out = [] if "--archive" in flags else ["--out", f"folder{number}"]
            project.ok("backup", *flags, *out)
            path = flags[1] if "--archive" in flags else f"folder{number}"
            for name in before:
                project.db.drop_collection(name)
            project.ok("restore", path)
            for name, expected in before.items():
                self.assertSameBytes(expected, project.raw(name), f"of {name} from {path}")
            project.db.things.update_many({"n": {"$exists": True}}, {"$set": {"n": "other"}})
            project.db.things.insert_one({"_id": "since"})
            self.drop(project, path)
            for name, expected in before.items():
                self.assertSameBytes(expected, project.raw(name), f"of {name} from {path} with --drop")

    @on_either
    def test_definitions_of_every_kind_come_back(self, project):
        definitions(project)
        names = ("capped", "words", "view", "weather")
        before = {name: definition(project.db, name) for name in names}
        weather = project.raw("system.buckets.weather")
        for flags, path in ((["--out", "f"], "f"), (["--archive", "a"], "a")):
            project.ok("backup", *flags)
            for drop in (True, False):
                for name in names:
                    if not drop:
                        project.db.drop_collection(name)
                self.drop(project, path) if drop else project.ok("restore", path)
                for name in names:
                    self.assertEqual(before[name], definition(project.db, name), f"{name} {path} drop={drop}")
                self.assertSameBytes(weather, project.raw("system.buckets.weather"))
                self.assertEqual([9 - k for k in range(9)], [d["_id"] for d in project.db.capped.find()])
                self.assertEqual(60, project.db.weather.count_documents({}))
                self.assertEqual(19, project.db.view.count_documents({}))

    @on_either
    def test_a_directory_made_by_hand_is_restored(self, project):
        for packed in (False, True):
            project.empty()
            folder, docs, _ = self.hand_made(project, packed=packed)
            project.ok("restore", folder)
            self.assertSameBytes(docs, project.raw())
            self.assertEqual({"_id_", "n"}, set(project.db.things.index_information()))
            self.assertTrue(project.db["none"].options()["capped"])
            subprocess.run(["rm", "-r", folder], check=True)

    @on_either
    def test_an_archive_made_by_hand_is_restored_also_from_stdin(self, project):
        _, docs, collections = self.hand_made(project)
        data = mongodump.archive(project.db.name, collections)
        for content in (data, gzip.compress(data)):
            for from_stdin in (True, False):
                project.empty()
                (project.root / "a.archive").write_bytes(content)
                run = subprocess.run([BINARY, "restore", "-" if from_stdin else "a.archive"], cwd=project.root,
                                     input=content, capture_output=True, env=clean_environment(), timeout=60)
                self.assertEqual(0, run.returncode, run.stderr)
                self.assertSameBytes(docs, project.raw())

    @on_either
    def test_a_backup_goes_through_a_pipe_into_another_database(self, project):
        fill(project, 200)
        other = project.db.client[project.db.name + "_copy"]
        self.addCleanup(project.db.client.drop_database, other.name)
        command = (f"{BINARY} backup --archive - --gzip | {BINARY} restore - --to-db {other.name}")
        subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=project.root, check=True,
                       capture_output=True, env=clean_environment(), timeout=120)
        self.assertEqual(user_collections(project.db), user_collections(other))
        copied = sorted(bytes(d.raw) for d in
                        other.get_collection("things", codec_options=mongodump.RAW).find())
        self.assertSameBytes(sorted(project.raw()), copied)

    @on_either
    def test_without_drop_documents_that_are_there_stay_and_are_counted(self, project):
        folder, docs, _ = self.hand_made(project)
        project.db.things.insert_one({"_id": 7, "n": "mine"})
        result = project.ok("restore", folder, "-o", "json").json()
        things = {c["name"]: c for c in result["collections"]}["things"]
        self.assertEqual((499, 1), (things["inserted"], things["duplicates"]))
        self.assertEqual("mine", project.db.things.find_one({"_id": 7})["n"])
        self.assertEqual(500, project.db.things.count_documents({}))
        self.assertIn("1 were there already", project.ok("restore", folder).out.replace("500", "1"))

    @on_either
    def test_drop_must_be_confirmed_by_the_name_of_the_database(self, project):
        folder, docs, _ = self.hand_made(project)
        project.db.things.insert_one({"_id": "mine"})
        for args in ([], ["--confirm", "other"]):
            self.assertSaid("must be confirmed", project.exits(64, "restore", folder, "--drop", *args))
        self.assertEqual(1, project.db.things.count_documents({}))
        self.drop(project, folder)
        self.assertSameBytes(docs, project.raw())

    @on_either
    def test_what_is_damaged_is_refused_before_anything_is_dropped(self, project):
        folder, docs, collections = self.hand_made(project)
        project.db.things.insert_one({"_id": "mine"})
        path = folder / project.db.name / "things.bson"
        whole = path.read_bytes()
        size = len(docs[0])
        damages = [whole[:-1], whole[:size + 2], whole[:size - 1], whole + b"\x05", b"\0" * 100,
                   whole[:size] + b"\xff\xff\xff\x7f" + whole[size + 4:], whole[:4] + b"\x63" + whole[5:]]
        for number, damage in enumerate(damages):
            path.write_bytes(damage)
            result = project.exits(65, "restore", folder, "--drop", "--confirm", project.db.name)
            self.assertIn("things.bson, byte", result.err, f"damage {number}")
        (folder / project.db.name / "things.metadata.json").write_text('{"indexes":[')
        project.exits(65, "restore", folder, "--drop", "--confirm", project.db.name)
        archive = mongodump.archive(project.db.name, collections)
        path = project.root / "a.archive"
        end = len(archive)
        for cut in (5, 200, end // 3, end // 2, end - 200, end - 4, end - 1):
            path.write_bytes(archive[:cut])
            self.assertIn("a.archive, byte", project.exits(65, "restore", "a.archive").err)
        at = archive.index(docs[100]) + 16
        path.write_bytes(archive[:at] + bytes([archive[at] ^ 1]) + archive[at + 1:])
        self.assertIn("checksum", project.exits(65, "restore", "a.archive").err)
        self.assertEqual([{"_id": "mine"}], list(project.db.things.find()))
        self.assertEqual(0, project.db.whimbrel_audit.count_documents({}))

    @on_either
    def test_a_changed_byte_of_our_backup_is_found_by_its_checksum(self, project):
        fill(project, 50)
        project.ok("backup")
        folder = only_backup(project)
        path = folder / project.db.name / "things.metadata.json"
        path.write_text(path.read_text().replace("_id_", "_ix_"))
        result = project.exits(65, "restore", folder, "--drop", "--confirm", project.db.name)
        self.assertIn("SHA-256", result.err)

    @on_either
    def test_a_killed_restore_ends_with_the_backup_when_it_is_given_again(self, project):
        fill(project, 3000)
        definitions(project)
        project.ok("backup", "--out", "b")
        names = ("things", "ids", "capped", "words")
        before = {name: (project.raw(name), definition(project.db, name)) for name in names}
        weather = project.raw("system.buckets.weather")
        points = ["insert whimbrel_restore_things after#1", "insert whimbrel_restore_words after#1",
                  "createIndexes whimbrel_restore_words after#1", "renameCollection before#1",
                  "renameCollection after#2", "create whimbrel_restore_things after#1",
                  "drop weather after#1", "insert system.buckets.weather after#1"]
        killed = 0
        for point in points:
            project.db.things.update_many({}, {"$set": {"since": 1}})
            project.db.words.delete_many({})
            run = project.run("restore", "b", "--drop", "--confirm", project.db.name, "--workers", "2",
                              env={"WHIMBREL_FAULT": f"kill {point}"})
            killed += run.rc == -signal.SIGKILL
            self.drop(project, "b", "--wait", "60s")
            for name, (raw, defined) in before.items():
                self.assertSameBytes(raw, project.raw(name), f"of {name} after {point}")
                self.assertEqual(defined, definition(project.db, name), point)
            self.assertSameBytes(weather, project.raw("system.buckets.weather"), point)
            self.assertEqual([], [n for n in project.db.list_collection_names() if n.startswith("whimbrel_restore")])
        self.assertGreaterEqual(killed, len(points) - 2)

    @on_either
    def test_a_killed_restore_without_drop_is_gone_on_with(self, project):
        project.db.things.insert_many([{"_id": k, "pad": "x" * 1000} for k in range(5000)])
        project.db.things.create_index("pad")
        before = project.raw()
        project.ok("backup", "--out", "b")
        project.db.drop_collection("things")
        run = project.run("restore", "b", "--workers", "1", env={"WHIMBREL_FAULT": "kill insert things after#2"})
        self.assertEqual(-signal.SIGKILL, run.rc)
        self.assertNotEqual(len(before), project.db.things.count_documents({}))
        project.ok("restore", "b", "--wait", "60s")
        self.assertSameBytes(before, project.raw())
        self.assertEqual({"_id_", "pad_1"}, set(project.db.things.index_information()))

    @on_either
    def test_until_it_is_whole_the_old_collection_stays(self, project):
        project.db.things.insert_many([{"_id": k, "n": 1} for k in range(4)])
        index = [{"v": 2, "key": {"n": 1}, "name": "n", "unique": True}]
        docs = [bson.encode({"_id": k, "n": 1}) for k in range(9)]
        mongodump.write_directory(project.root / "dump", project.db.name,
                                  {"things": (docs, mongodump.metadata_text("things", indexes=index))})
        result = project.exits(1, "restore", "dump", "--drop", "--confirm", project.db.name)
        self.assertSaid("duplicate key", result, "err")
        self.assertEqual(4, project.db.things.count_documents({}))

    @on_either
    def test_a_backup_of_matching_documents_puts_them_back_and_leaves_the_others(self, project):
        project.db.things.insert_many([{"_id": k, "old": k % 2} for k in range(10)])
        project.migration("change", {"update": "things", "where": {"old": 1},
                                     "with": [{"$set": {"new": "$old"}}, {"$unset": "old"}]})
        before = project.raw()
        project.ok("up", "--backup")
        project.db.things.insert_one({"_id": "since"})
        result = self.drop(project, only_backup(project))
        self.assertSaid("resolve", result)
        self.assertEqual([*before, bson.encode({"_id": "since"})], project.raw())

    @on_either
    def test_only_and_dry_run_and_other_databases(self, project):
        folder, docs, _ = self.hand_made(project, database="shop")
        self.assertSaid("add --to-db", project.exits(64, "restore", folder))
        args = ("restore", folder, "--to-db", project.db.name)
        self.assertIn("things", project.ok(*args, "--dry-run").out)
        self.assertEqual([], project.db.list_collection_names())
        self.assertSaid("did you mean 'things'", project.exits(66, *args, "--only", "thing"))
        project.ok(*args, "--only", "things")
        self.assertEqual(["things"], user_collections(project.db))
        mongodump.write_directory(folder, "second", {"x": ([], mongodump.metadata_text("x"))})
        self.assertSaid("several databases", project.exits(64, *args))
        project.ok("restore", folder / "second", "--to-db", project.db.name)
        self.assertEqual(["things", "x"], user_collections(project.db))
        project.exits(66, "restore", "nothing")
        project.exits(64, "restore")

    def uuids(self, project):
        return {one["name"]: one["info"]["uuid"] for one in project.db.list_collections(filter={"type": "collection"})
                if one["name"] in user_collections(project.db)}

    @on_both
    def test_uuids_are_kept_when_that_is_asked_for(self, project):
        fill(project)
        definitions(project)
        before, kept = project.raw(), self.uuids(project)
        described = {name: definition(project.db, name) for name in kept}
        project.ok("backup", "--out", "b")

        def check(there):
            self.assertEqual(there, self.uuids(project) == kept)
            self.assertSameBytes(before, project.raw())
            self.assertEqual(described, {name: definition(project.db, name) for name in kept})
        for name in user_collections(project.db):
            project.db.drop_collection(name)
        project.ok("restore", "b", "--preserve-uuid")
        check(True)
        self.drop(project, "b")
        check(False)
        self.drop(project, "b", "--preserveUUID")
        check(True)
        project.db.things.insert_one({"_id": "new"})
        self.drop(project, "b", "--preserve-uuid")
        check(True)
        self.drop(project, "b")
        result = project.ok("restore", "b", "--preserve-uuid")
        self.assertIn("things is there with another UUID than the backup's; it stays", result.err)

    @on_both
    def test_a_uuid_that_another_collection_has_is_refused_and_nothing_is_touched(self, project):
        fill(project)
        project.ok("backup", "--out", "b")
        project.db.things.rename("moved")
        before, uuids = project.raw("moved"), self.uuids(project)
        for flags in ([], ["--drop", "--confirm", project.db.name]):
            result = project.exits(1, "restore", "b", "--preserve-uuid", *flags)
            self.assertIn("the UUID of things is that of the collection moved", result.err)
            self.assertIn("leave out --preserve-uuid", result.err)
            self.assertSameBytes(before, project.raw("moved"))
            self.assertEqual(uuids, self.uuids(project))
        other = project.db.name + "_other"
        self.addCleanup(project.db.client.drop_database, other)
        result = project.exits(1, "restore", "b", "--preserve-uuid", "--only", "things", "--to-db", other)
        self.assertIn("a collection of another database has this UUID: leave out --preserve-uuid", result.err)
        self.assertEqual([], user_collections(project.db.client[other]))
        self.assertSameBytes(before, project.raw("moved"))

    @on_either
    def test_restores_hold_the_lock_and_are_in_the_history(self, project):
        folder, _, _ = self.hand_made(project)
        project.db.changelog_lock.insert_one({"createdAt": datetime.datetime.now(UTC)})
        project.exits(75, "restore", folder)
        project.db.changelog_lock.delete_many({})
        project.ok("restore", folder)
        actions = [e["action"] for e in project.ok("history", "-o", "json").json()["events"]]
        self.assertEqual(["restore.started", "restore.ended"], actions)
        self.assertEqual(0, project.db.changelog_lock.count_documents({}))

    @on_either
    def test_validators_of_today_do_not_refuse_documents_of_yesterday(self, project):
        project.db.things.insert_one({"_id": 1})
        project.db.command({"collMod": "things", "validator": {"needed": {"$exists": True}}})
        project.ok("backup", "--out", "b")
        project.db.drop_collection("things")
        project.ok("restore", "b")
        self.assertEqual([{"_id": 1}], list(project.db.things.find()))
        self.assertIn("validator", project.db.things.options())
        self.drop(project, "b")
        self.assertEqual([{"_id": 1}], list(project.db.things.find()))

    @on_either
    def test_large_documents_and_many_small_ones_come_back_within_bounded_memory(self, project):
        project.db.big.insert_many([{"_id": k, "pad": bytes(15 << 20)} for k in range(3)])
        project.db.big.insert_one({"_id": "most", "pad": bytes((16 << 20) - 40)})
        for start in range(0, 150_000, 50_000):
            project.db.small.insert_many([{"_id": k} for k in range(start, start + 50_000)])
        big = project.raw("big")
        for flags, path in ((["--out", "f"], "f"), (["--archive", "a"], "a")):
            project.ok("backup", *flags)
            project.ok("restore", path)
            result = self.drop(project, path)
            self.assertSameBytes(big, project.raw("big"))
            self.assertEqual(150_000, project.db.small.count_documents({}))
            self.assertPeakBelow(500 << 20, result.usage)
