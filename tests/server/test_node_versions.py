"""The project's own Node, whichever it is: from 18, which is the oldest, to the one that strips types itself."""
import os
import pathlib
import platform
import unittest

from support.javascript import js_project
from support.scripts import script, transforms
from support.testcase import ServerTest

PACKAGES = pathlib.Path(os.environ.get("WHIMBREL_TEST_NODES", ""))
VERSIONS = ("18", "22", "24")  # without types stripped, without them but with require() of ES modules, with both
PACKED_FOR = ("Linux", "x86_64")
PLAIN = "await db.collection('x').insertOne({ version: process.version });"
MODULE = """export const up = async (db, client) => {
  await client.db(db.databaseName).collection('x').insertOne({ version: process.version });
};
export const down = async (db) => { await db.collection('x').deleteMany({}); };
"""
TYPED = """interface Thing { _id: number; n: number }
export const collection: string = 'things';
export const transform = (doc: Thing): object => {
  if (doc._id === 3) throw new RangeError('three' as string);
  return { $set: { n: doc.n * 2 + 1 } };
};
"""
HASTY = """module.exports = {
  async up(db) { for (const k of [1, 2]) { db.collection('x').insertOne({ k }); } },
  async down(db) {},
};
"""


def on_each_version(test):
    """Makes one test for each version: test(self, project, version, env)."""
    test.versions = True
    return test


@unittest.skipUnless((platform.system(), platform.machine()) == PACKED_FOR, "no Node is packed for this machine")
class NodeVersionsTest(ServerTest):
    def project_of(self, version):
        node = PACKAGES / f"node{version}" / "bin" / "node"
        self.assertTrue(node.exists(), f"WHIMBREL_TEST_NODES has no Node {version}; use scripts/test")
        return js_project(self, "replicaset"), {"WHIMBREL_NODE": str(node)}

    def assertRanOn(self, version, project):
        self.assertTrue(project.db.x.find_one()["version"].startswith(f"v{version}."), project.db.x.find_one())

    @on_each_version
    def test_a_project_of_migrate_mongo(self, project, version, env):
        for form, name, text in (("cjs", "20240101000000-plain.js", None), ("cjs", "20240101000001-esm.mjs", MODULE)):
            project.js_config(form, migrationFileExtension=pathlib.Path(name).suffix)
            file = project.script(name, PLAIN, "await db.collection('x').deleteMany({});", text=text)
            for said in (project.ok("up", env=env), project.start_ours("down", env=env).wait(),
                         project.start_ours("up", env=env).wait()):
                self.assertEqual(0, said.rc, str(said))
            self.assertRanOn(version, project)
            self.assertEqual(file, project.changelog()[0]["fileName"])
            project.ok("down", env=env)
            self.assertIsNone(project.db.x.find_one())

    @on_each_version
    def test_a_configuration_of_es_modules(self, project, version, env):
        (project.root / "package.json").write_text('{ "type": "module" }')
        project.js_config("esm", moduleSystem="esm")
        project.script("20240101000000-plain.js", text=MODULE)
        project.ok("up", env=env)
        self.assertRanOn(version, project)

    @on_each_version
    def test_a_transform_and_its_errors(self, project, version, env):
        file = script(project, transforms("if (doc._id === 3) throw new RangeError('three');"
                                          " return { $set: { n: doc.n * 2 + 1 } };"))
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(20)])
        self.assertIn("RangeError: three (line 4)", project.exits(3, "up", "--max-errors", "1", env=env).err)
        self.assertEqual("applied", project.state(file))
        self.assertEqual(19, project.db.things.count_documents({"$expr": {"$eq": ["$n", {"$add": [
            {"$multiply": ["$_id", 2]}, 1]}]}}))
        project.ok("down", env=env)
        self.assertEqual(20, project.db.things.count_documents({"$expr": {"$eq": ["$n", "$_id"]}}))

    @on_each_version
    def test_typescript_by_node_itself_where_it_can(self, project, version, env):
        self.typed(project)
        result = project.run("up", "--max-errors", "1", env=env)
        if version != "24":
            self.assertEqual(65, result.rc, str(result))
            for choice in ("tsx", "ts-node", "@swc-node/register", "22.18"):
                self.assertIn(choice, result.err)
            self.assertEqual([], project.changelog())
            return
        self.assertEqual(3, result.rc, str(result))
        self.assertIn("RangeError: three (line 4)", result.err)

    @on_each_version
    def test_typescript_by_tsx(self, project, version, env):
        self.check_loader(project, env, "tsx")

    @on_each_version
    def test_typescript_by_ts_node(self, project, version, env):
        self.check_loader(project, env, "ts-node")

    @on_each_version
    def test_typescript_by_swc(self, project, version, env):
        self.check_loader(project, env, "@swc-node/register")

    def check_loader(self, project, env, loader):
        self.typed(project, loader, "typescript")
        result = project.exits(3, "up", "--max-errors", "1", env=env)
        self.assertIn("RangeError: three (line 4)", result.err)

    @on_each_version
    def test_lint(self, project, version, env):
        file = project.script("20240101000000-hasty.js", text=HASTY)
        result = project.run("lint", env=env)
        self.assertIn(file, result.out, str(result))
        self.assertIn("await", result.out, str(result))

    def typed(self, project, *loaders):
        """A document migration in TypeScript; node_modules of the driver and these loaders only."""
        modules = pathlib.Path(os.environ["WHIMBREL_TEST_NODE_MODULES"])
        place = project.root / "node_modules"
        place.unlink()
        for name in ("mongodb", *loaders):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).symlink_to(modules / name)
        project.js_config(migrationFileExtension=".ts")
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(20)])
        return project.script("20240101000000-typed.ts", text=TYPED)


def make_tests(cls):
    for name, test in list(vars(cls).items()):
        if getattr(test, "versions", False):
            delattr(cls, name)
            for version in VERSIONS:
                def one(self, test=test, version=version):
                    project, env = self.project_of(version)
                    test(self, project, version, env)
                setattr(cls, f"{name}_on_node_{version}", one)


make_tests(NodeVersionsTest)

if __name__ == "__main__":
    unittest.main()
