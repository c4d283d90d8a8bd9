"""Errors of whimbrel under migrate-mongo's name: message and exit code are migrate-mongo's."""
import datetime
import os
import re
import signal
import time

from support.javascript import js_project, twins
from support.testcase import ServerTest, wait_until

NOW = datetime.datetime(2024, 1, 2, 3, 4, 5)
INSERT = "    await db.collection('things').insertOne({ _id: %s });"
USER_CODE = {
    "an error is thrown": "throw new Error('boom');",
    "a type error": "undefined.x();",
    "an error of several lines": "throw new RangeError('one\\ntwo');",
    "a string is thrown": "throw 'text';",
    "a number is thrown": "throw 7;",
    "an object is thrown": "throw { code: 7 };",
    "an object with a message is thrown": "throw { message: 'said', stack: 'none' };",
    "a rejection": "await Promise.reject(new Error('rejected'));",
    "an error of the server": "await db.collection('x').insertMany([{ _id: 1 }, { _id: 1 }]);",
    "an error of a command": "await db.command({ nonsense: 1 });",
    "a failed validation": "await db.createCollection('v', { validator: { n: { $type: 'int' } } });"
                           " await db.collection('v').insertOne({ n: 'x' });",
    "a package that is missing": "require('no-such-package');",
    "a file that is missing": "require('./no-such-file');",
    "an assertion": "require('assert').strictEqual(1, 2);",
}
WHOLE_FILES = {
    "a syntax error": "module.exports = { up() { let let = 1; } };",
    "nothing is exported": "",
    "undefined is exported": "module.exports = undefined;",
    "null is exported": "module.exports = null;",
    "a string is exported": "module.exports = 'up';",
    "up is no function": "exports.up = 5; exports.down = 5;",
    "loading throws": "throw new Error('while loading');",
    "loading needs a package": "const x = require('no-such-package');",
    "an ES module throws": "await Promise.resolve(); throw new Error('top level'); export {};",
}
CONFIGS = {
    "no url": "module.exports = { mongodb: {}, migrationsDir: 'migrations' };",
    "no mongodb": "module.exports = { migrationsDir: 'migrations' };",
    "a function": "module.exports = () => ({ mongodb: { url: 'x' } });",
    "nothing": "",
    "null": "module.exports = null;",
    "undefined": "module.exports = undefined;",
    "a syntax error": "module.exports = {",
    "it throws": "throw new Error('no config today');",
    "it requires what is missing": "require('dotenv-not-there').config();",
    "no connection string": "module.exports = { mongodb: { url: 'localhost:27017' } };",
    "a wrong scheme": "module.exports = { mongodb: { url: 'http://localhost' } };",
    "a number": "module.exports = { mongodb: { url: 5 } };",
    "an unknown option": "module.exports = { mongodb: { url: 'mongodb://localhost', options: { x: 1 } } };",
    "nobody listens": "module.exports = { mongodb: { url: 'mongodb://127.0.0.1:1',"
                      " options: { serverSelectionTimeoutMS: 300 } } };",
    "a rejected promise": "module.exports = Promise.reject(new Error('no secret'));",
}
CHANGED_KEYS = {
    "an extension without a dot": {"migrationFileExtension": "js"},
    "an extension that is a number": {"migrationFileExtension": 5},
    "a directory that is not there": {"migrationsDir": "nowhere"},
    "a directory that is a file": {"migrationsDir": "migrate-mongo-config.js"},
    "a directory that is a number": {"migrationsDir": 5},
    "no changelog": {"changelogCollectionName": None},
    "an empty changelog": {"changelogCollectionName": ""},
    "a changelog with a dollar": {"changelogCollectionName": "$x"},
}


class EqualErrorTest(ServerTest):
    def test_user_code_that_fails(self):
        pair = twins(self)
        for number, (name, body) in enumerate(USER_CODE.items()):
            with self.subTest(name):
                file = f"{number:02}.js"
                pair.script(file, "    " + body)
                pair.run("up", rc=1)
                self.assertEqual([], pair.ours.changelog())
                pair.each(lambda p: (p.db.changelog.insert_one({"fileName": file, "appliedAt": NOW})))
                pair.script(file, "", "    " + body)
                pair.each(lambda p: p.db.x.drop() and p.db.v.drop())
                pair.run("down", rc=1)
                pair.each(lambda p: (p.db.changelog.drop(), (p.migrations / file).unlink(), p.db.v.drop()))
                self.assertEqual([], list(pair.ours.db.changelog_lock.find()))

    def test_files_that_cannot_be_loaded(self):
        pair = twins(self)
        for number, (name, text) in enumerate(WHOLE_FILES.items()):
            with self.subTest(name):
                file = f"{number:02}.js"
                pair.script(file, text=text)
                pair.run("up", rc=1)
                pair.each(lambda p: p.db.changelog.insert_one({"fileName": file, "appliedAt": NOW}))
                pair.run("down", rc=1)
                pair.each(lambda p: (p.db.changelog.drop(), (p.migrations / file).unlink()))

    def test_configurations_that_are_wrong(self):
        pair = twins(self)
        for name, text in CONFIGS.items():
            with self.subTest(name):
                pair.file("migrate-mongo-config.js", text)
                pair.run("status", rc=1)

    def test_a_configuration_that_is_not_there(self):
        pair = twins(self)
        pair.run("up", "-f", "nowhere.js", rc=1)
        pair.run("create", "new", "--file", "/nowhere/x.js", rc=1)
        pair.each(lambda p: (p.root / "migrate-mongo-config.js").unlink())
        pair.file("migrate-mongo-config.cjs", "module.exports = {};")
        for command in ("status", "up", "down"):
            pair.run(command, rc=1)
        pair.file("migrations/sample-migration.js", "exports.up = async () => {};")
        pair.run("create", "new", rc=1)
        self.assertEqual(1, len(list(pair.ours.migrations.glob("*-new.js"))))

    def test_keys_that_are_wrong(self):
        pair = twins(self)
        pair.script("1.js")
        for name, keys in CHANGED_KEYS.items():
            with self.subTest(name):
                pair.js_config(**keys)
                pair.run("status", rc=1)
                pair.run("up", rc=1)
        pair.js_config(migrationFileExtension="js")
        pair.run("create", "new", rc=1)
        pair.js_config(migrationsDir="nowhere")
        pair.run("create", "new", rc=1)

    def test_changelogs_that_are_wrong(self):
        pair = twins(self)
        pair.script("1.js")
        for value in (None, "yesterday", 5):
            with self.subTest(value=value):
                pair.each(lambda p: (p.db.changelog.drop(),
                                     p.db.changelog.insert_one({"fileName": "1.js", "appliedAt": value})))
                pair.run("status", rc=1)
                pair.run("up", rc=1)
        pair.each(lambda p: (p.db.changelog.drop(), p.db.changelog.insert_one({"fileName": "1.js"})))
        pair.run("up", rc=1)

    def test_a_lock_in_place(self):
        pair = twins(self)
        pair.js_config(lockTtl=60)
        pair.script("1.js")
        pair.each(lambda p: p.db.changelog_lock.insert_one({"_id": 1, "createdAt": datetime.datetime.utcnow()}))
        pair.run("up", rc=1)
        pair.run("down", rc=1)
        pair.run("status")
        pair.js_config(lockTtl=0)  # locking is off: what was left behind is not looked at
        pair.run("up")
        self.assertEqual(1, len(pair.ours.changelog()))
        self.assertEqual([1], [lock["_id"] for lock in pair.ours.db.changelog_lock.find()])

    def test_a_lock_that_cannot_be_made(self):
        pair = twins(self)
        pair.js_config(lockTtl=60)
        pair.each(lambda p: (p.db.create_collection("changelog_lock", validator={"never": 1}),
                             p.db.changelog_lock.create_index("createdAt", expireAfterSeconds=60)))
        pair.run("up", rc=1)
        pair.run("down", rc=1)

    def test_a_changelog_that_refuses(self):
        pair = twins(self)
        pair.each(lambda p: p.db.create_collection("changelog", validator={"never": 1}))
        pair.script("1.js", "await db.collection('things').updateOne({ _id: 1 }, { $inc: { n: 1 } }, { upsert: true });")
        pair.run("up", rc=1)
        self.assertEqual(1, pair.ours.db.things.find_one()["n"])

    def test_a_syntax_error_comes_after_what_precedes_it(self):
        pair = twins(self)
        pair.script("1.js", INSERT % 1)
        pair.script("2.js", INSERT % 2)
        pair.script("3.js", text="module.exports = {{")
        result = pair.run("up", rc=1, stdout=False)
        self.assertEqual("MIGRATED UP: 1.js\nMIGRATED UP: 2.js\n", result.out)  # theirs hides them
        pair.same()

    def test_hashes_of_what_is_no_file(self):
        pair = twins(self)
        pair.js_config(useFileHash=True)
        pair.each(lambda p: (p.migrations / "dir.js").mkdir())
        pair.run("status", rc=1)
        pair.js_config()
        pair.run("status")
        pair.run("up", rc=1)

    def test_a_database_name_that_is_wrong(self):
        pair = twins(self)
        pair.each(lambda p: p.js_config(mongodb={"url": p.uri, "databaseName": "a b"}))
        pair.run("status", rc=1)
        pair.each(lambda p: p.js_config(mongodb={"url": p.uri, "databaseName": "x" * 70}))
        pair.run("status", rc=1)

    def test_errors_where_drivers_differ(self):
        for driver in (4, 5, 7):
            with self.subTest(driver=driver):
                pair = twins(self, driver=driver)
                pair.script("1.js", "    " + USER_CODE["an error of the server"])
                pair.run("up", rc=1)
                for config in ("an unknown option", "no connection string", "nobody listens"):
                    pair.file("migrate-mongo-config.js", CONFIGS[config])
                    pair.run("up", rc=1)


class UsageTest(ServerTest):
    def test_the_command_line(self):
        pair = twins(self)
        lines = ("", "-h", "help", "help down", "help nope", "create -h", "init --help", "-V", "version", "upp", "up x",
                 "up -z", "up -V", "down --blok", "init -m", "create a b", "up -f", "--verion", "down -bz", "up -- x")
        for line in lines:
            with self.subTest(line):
                first = pair.theirs.theirs(*line.split())
                second = pair.ours.ours(*line.split())
                self.assertEqual((first.rc, first.out, first.err), (second.rc, second.out, second.err))
        self.assertEqual(pair.theirs.theirs("status", "-h").out,
                         pair.ours.run("--compat", "status", "-h").out)

    def test_colours(self):
        pair = twins(self)
        pair.script("1.js")
        pair.script("2.js")
        pair.each(lambda p: p.db.changelog.insert_one({"fileName": "1.js", "appliedAt": NOW, "migrationBlock": 5.0}))
        environments = ({"TERM": "xterm"}, {"TERM": "dumb", "COLORTERM": "1"}, {"TERM": "dumb", "FORCE_COLOR": "1"},
                        {"TERM": "xterm", "FORCE_COLOR": "0"}, {"TERM": "xterm", "NO_COLOR": "1"})
        for env in environments:
            with self.subTest(env=env):
                pair.run("status", env=env)


class RepairTest(ServerTest):
    """Where whimbrel differs on purpose."""

    # Goes on when there is one document in `gate` for each run of it.
    GATED = ("    const gate = () => db.collection('gate').countDocuments();\n"
             "    const ran = db.collection('ran');\n"
             "    await ran.insertOne({ file: __filename });\n"
             "    while (await gate() < await ran.countDocuments()) await new Promise((done) => setTimeout(done, 20));")

    def test_two_runners_cannot_both_pass(self):
        js = js_project(self, "replicaset")
        js.script("1.js", self.GATED)
        runs = [js.start_ours("up") for _ in range(4)]
        wait_until(lambda: sum(run.alive for run in runs) == 1, "three are refused", 60)
        js.db.gate.insert_one({})
        results = [run.wait() for run in runs]
        self.assertEqual([0, 1, 1, 1], sorted(r.rc for r in results))
        for refused in (r for r in results if r.rc):
            self.assertTrue(refused.err.startswith("ERROR: Could not migrate up, a lock is in place."), refused)
        self.assertEqual((1, 1), (js.db.ran.count_documents({}), len(js.changelog())))

    def test_the_tools_keep_each_other_out(self):
        js = js_project(self, "replicaset")
        js.js_config(lockTtl=60)
        js.script("1.js", self.GATED, self.GATED)
        running = js.start_ours("up")
        wait_until(lambda: js.db.ran.count_documents({}), "the script runs")
        for refused in (js.theirs("up"), js.ours("up"), js.run("up", "--no-input")):
            self.assertNotEqual(0, refused.rc, refused)
            self.assertIn("lock", refused.err)
        js.db.gate.insert_one({})
        self.assertEqual(0, running.wait().rc)
        running = js.start_theirs("down")
        wait_until(lambda: js.db.ran.count_documents({}) == 2, "the script runs")
        for refused in (js.ours("up"), js.run("up")):
            self.assertIn("lock", refused.err)
            self.assertNotEqual(0, refused.rc, refused)
        js.db.gate.insert_one({})
        self.assertEqual(0, running.wait().rc)
        self.assertEqual(2, js.db.ran.count_documents({}))

    def test_a_changed_time_to_live_is_no_error(self):
        js = js_project(self, "replicaset")
        js.js_config(lockTtl=120)
        js.db.changelog_lock.create_index("createdAt", expireAfterSeconds=60)
        js.script("1.js", INSERT % 1)
        self.assertEqual(0, js.ours("up").rc)

    def test_create_never_overwrites(self):
        js = js_project(self, "replicaset")
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            runs = [js.start_ours("create", "same") for _ in range(3)]
            results = [run.wait() for run in runs]
            if any(r.rc for r in results):
                break
        refused = next(r for r in results if r.rc)
        self.assertIn("exists already", refused.err)
        self.assertEqual((1, ""), (refused.rc, refused.out))

    def test_names_are_utc_in_the_gap_of_summer_time(self):
        js = js_project(self, "replicaset")
        made = js.ours("create", "new", env={"TZ": "Europe/Berlin"}).out
        stamp = datetime.datetime.strptime(re.search(r"\d{14}", made)[0], "%Y%m%d%H%M%S")
        self.assertLess(abs((datetime.datetime.utcnow() - stamp).total_seconds()), 60)

    def test_exit_inside_a_migration_is_no_success(self):
        js = js_project(self, "replicaset")
        js.js_config(lockTtl=60)
        js.script("1.js", INSERT % 1)
        js.script("2.js", "    process.exit(0);")
        result = js.ours("up")
        self.assertEqual((1, "MIGRATED UP: 1.js\n"), (result.rc, result.out), result)
        self.assertIn("Could not migrate up 2.js: ", result.err)
        self.assertIn("process.exit(0)", result.err)
        js.script("2.js", "    Promise.reject(new Error('nobody waits')); await new Promise(() => {});")
        result = js.ours("up")
        self.assertEqual(1, result.rc, result)
        self.assertIn("nobody waits", result.err)
        self.assertEqual([], list(js.db.changelog_lock.find()))

    def test_signals_end_it_at_once(self):
        for number, rc in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with self.subTest(rc=rc):
                js = js_project(self, "replicaset")
                js.script("1.js", "    console.log('running'); await new Promise((r) => setTimeout(r, 60000));")
                running = js.start_ours("up")
                wait_until(lambda: "running" in running.result().out, "the script runs")
                running.signal(number)
                start = time.monotonic()
                result = running.wait()
                self.assertLess(time.monotonic() - start, 3)
                self.assertEqual((rc, "running\n", ""), (result.rc, result.out, result.err), result)
                self.assertEqual("interrupted", js.state("1.js"))
                js.script("1.js", INSERT % 1)
                self.assertEqual("MIGRATED UP: 1.js\n", js.ours("up").out)
                self.assertEqual({"1.js": "applied"}, js.states())

    def test_output_of_scripts_comes_through_as_it_is(self):
        js = js_project(self, "replicaset")
        js.script("1.js", "    for (let i = 0; i < 50000; i += 1) console.log('line', i);\n"
                          "    process.stdout.write('no end of line'); console.error('to stderr');",
                  "    for (let i = 0; i < 50000; i += 1) console.log('line', i);")
        result = js.ours("up")
        self.assertEqual((0, "to stderr\n"), (result.rc, result.err))
        self.assertTrue(result.out.startswith("line 0\nline 1\n"))
        self.assertTrue(result.out.endswith("line 49999\nno end of lineMIGRATED UP: 1.js\n"))
        piped = js.run("-c", f"{js.bin}/migrate-mongo down | cat", program=["sh"])
        self.assertEqual(50001, len(piped.out.splitlines()))
        self.assertTrue(piped.out.endswith("line 49999\nMIGRATED DOWN: 1.js\n"))

    def test_a_run_leaves_no_files_behind(self):
        js = js_project(self, "replicaset")
        js.script("1.js", INSERT % 1)
        before = sorted(os.listdir(js.root))
        js.ours("up")
        added = {name for name in os.listdir(js.root) if not name.startswith(".")} - set(before)
        self.assertEqual(set(), added)


if __name__ == "__main__":
    import unittest
    unittest.main()
