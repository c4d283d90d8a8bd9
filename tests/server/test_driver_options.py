"""`mongodb.options` of a JavaScript configuration: they reach the project's driver and whimbrel's own connection."""
from support.javascript import js_project
from support.testcase import ServerTest, on_either

# Every connection that bears the name, by the driver that made it.
CONNECTIONS = """
    const found = await client.db('admin').aggregate([
      { $currentOp: { allUsers: true, idleConnections: true } }, { $match: { appName: 'orders' } },
      { $group: { _id: '$clientMetadata.driver.name' } }]).toArray();
    await db.collection('seen').insertMany(found);"""


class DriverOptionsTest(ServerTest):
    def configured(self, project, **options):
        """A project of migrate-mongo with these options, on the same server."""
        js = js_project(self, "replicaset" if "replicaSet" in project.uri else "standalone")
        js.js_config(mongodb={"url": js.uri, "databaseName": js.db.name, "options": options})
        return js

    @on_either
    def test_the_name_of_the_application_reaches_the_server_from_both(self, project):
        js = self.configured(project, appName="orders", maxPoolSize=3, compressors=["zlib"],
                             readPreference={"mode": "primary"}, readConcern={"level": "local"},
                             serverSelectionTimeoutMS=5000)
        js.script("a", CONNECTIONS)
        js.ok("up")
        self.assertEqual({"mongoc", "nodejs"}, {name.split("|")[0] for name in js.db.seen.distinct("_id")})
        self.assertNotIn("has no such option", js.ok("plan").out)

    @on_either
    def test_a_write_concern_as_an_object_is_understood_by_both(self, project):
        js = self.configured(project, appName="orders", writeConcern={"w": 1, "j": True, "wtimeout": 4321})
        js.script("a", "    await db.collection('seen').insertOne({ _id: 1 });")
        self.assertNotIn("has no such option", js.ok("plan").out)
        js.db.command("profile", 2)
        self.addCleanup(js.db.command, "profile", 0)
        js.ok("up")
        concerns = {}
        for entry in js.db["system.profile"].find({"appName": "orders", "command.writeConcern": {"$exists": True}}):
            concerns.setdefault(entry["ns"].partition(".")[2], []).append(entry["command"]["writeConcern"])
        self.assertEqual([{"w": 1, "j": True, "wtimeout": 4321}], concerns["seen"])
        # What whimbrel itself writes waits for a majority, whatever the project says; the rest is the project's.
        self.assertEqual({"w": "majority", "j": True}, concerns["whimbrel_runs"][0])

    @on_either
    def test_what_our_connection_has_not_is_said_by_plan(self, project):
        js = self.configured(project, promoteValues=True, readPreference={"mode": "primary", "hedge": {}})
        said = js.ok("plan")
        self.assertSaid("mongodb.options.readPreference.hedge reaches the project's driver", said)


if __name__ == "__main__":
    import unittest
    unittest.main()
