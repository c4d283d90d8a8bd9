"""TypeScript by the project's own loader, in packages of CommonJS and of ES modules."""
import json
import os
import pathlib

from support.testcase import ServerTest, on_either

CONFIG = """
const database: string = process.env.DB_NAME as string;
export default {
  mongodb: { url: process.env.MONGO_URL as string, databaseName: database },
  migrationFileExtension: '.ts', changelogCollectionName: 'changelog',
};
"""
GOOD = """
import type { Db } from 'mongodb';
import { twice } from '../src/twice%s';

export const up = async (db: Db): Promise<void> => {
  await db.collection('x').insertOne({ n: twice(21) });
};
export const down = async (db: Db): Promise<void> => {
  await db.collection('x').deleteMany({});
};
"""
BAD = """interface Long {
  a: number;
  b: string;
}

export const up = async (): Promise<void> => {
  const x: Long | null = null as Long | null;
  throw new TypeError('here ' + x);
};
"""
PACKAGES = pathlib.Path(os.environ.get("WHIMBREL_TEST_NODE_MODULES", ""))


class TypescriptTest(ServerTest):
    def typescript(self, project, loaders, kind="commonjs"):
        """Makes the project one of TypeScript whose node_modules hold only these loaders."""
        (project.root / "whimbrel.yaml").unlink()
        (project.root / "package.json").write_text(json.dumps({"type": kind}))
        for name in ("mongodb", *loaders):
            link = project.root / "node_modules" / name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(PACKAGES / name)
        (project.root / "migrate-mongo-config.ts").write_text(CONFIG)
        (project.root / "src").mkdir()
        (project.root / "src" / "twice.ts").write_text("export const twice = (n: number): number => n * 2;\n")
        extension = ".ts" if kind == "module" and "tsx" not in loaders else ""
        project.migration("20260101-good.ts", text=GOOD % extension)
        self.env = {"MONGO_URL": project.uri, "DB_NAME": project.db.name}

    def check(self, project, line=8):
        project.ok("up", env=self.env)
        self.assertEqual(42, project.db.x.find_one()["n"])
        bad = project.migration("20260102-bad.ts", text=BAD)
        result = project.exits(1, "up", env=self.env)
        self.assertIn(f"{bad}:{line}: TypeError: here null", result.err)
        project.ok("down", env=self.env)
        self.assertIsNone(project.db.x.find_one())

    @on_either
    def test_tsx_in_a_package_of_commonjs(self, project):
        self.typescript(project, ["tsx"])
        self.check(project)

    @on_either
    def test_tsx_in_a_package_of_es_modules(self, project):
        self.typescript(project, ["tsx"], "module")
        self.check(project)

    @on_either
    def test_ts_node(self, project):
        self.typescript(project, ["ts-node", "typescript"])
        self.check(project)

    @on_either
    def test_swc(self, project):
        self.typescript(project, ["@swc-node/register", "typescript"])
        self.check(project)

    @on_either
    def test_without_a_loader_the_choices_are_named(self, project):
        self.typescript(project, [])
        result = project.run("up", env=self.env)
        if result.rc != 0:  # a Node that strips types by itself needs none
            self.assertEqual(78, result.rc, str(result))
            for choice in ("tsx", "ts-node", "@swc-node/register"):
                self.assertIn(choice, result.err)


if __name__ == "__main__":
    import unittest
    unittest.main()
