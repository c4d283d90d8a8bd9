"""The projects under examples/ do what their files say."""
import os
import pathlib
import shutil
import tempfile

from bson import Decimal128, Int64

from support.project import ROOT, Project, decode
from support.testcase import ServerTest, on_either
from support.walkthrough import user


class ExampleTest(ServerTest):
    def example(self, name, project):
        """The example as a project of its own on the same database."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="whimbrel-example-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        shutil.copytree(ROOT / "examples" / name, folder, dirs_exist_ok=True)
        os.symlink(os.environ["WHIMBREL_TEST_NODE_MODULES"], folder / "node_modules")
        example = Project(folder, project.uri, project.db, config=False)
        self.addCleanup(example.end_all)
        self.env = {"MONGO_URL": project.uri, "DB_NAME": project.db.name}
        return example

    @on_either
    def test_mongoose(self, project):
        users = [{"_id": k, "name": f"user {k}", "orders": [{"total": 10.0 * k}], "since": Int64(2**60 + k)}
                 for k in range(500)]
        project.db.users.insert_many(users)
        project.db.reviews.insert_many([{"user": k % 500, "stars": 3} for k in range(1500)])
        before = project.raw("users")
        example = self.example("mongoose", project)
        example.ok("plan", env=self.env)
        example.ok("up", "--workers", "2", env=self.env)
        user = project.db.users.find_one({"_id": 120})
        self.assertEqual((129, "gold", Int64(2**60 + 120)), (user["score"], user["level"], user["since"]))
        self.assertIn("by_user", project.db.reviews.index_information())
        example.ok("down", "--steps", "2", env=self.env)
        self.assertSameBytes(before, project.raw("users"))
        self.assertNotIn("by_user", project.db.reviews.index_information())

    @on_either
    def test_typescript(self, project):
        project.db.products.insert_many([{"_id": k, "price": [k + 0.5, str(k), k][k % 3]} for k in range(300)])
        project.db.products.insert_one({"_id": "bad", "price": "a lot"})
        before = project.raw("products")
        example = self.example("typescript", project)
        result = example.exits(3, "up", env=self.env)
        self.assertIn("is no price", result.err)
        self.assertEqual(Decimal128("3.50"), project.db.products.find_one({"_id": 3})["price"])
        self.assertEqual("a lot", project.db.products.find_one({"_id": "bad"})["price"])
        example.ok("down", "--steps", "2", env=self.env)
        self.assertSameBytes(before, project.raw("products"))

    @on_either
    def test_esm(self, project):
        people = [{"_id": k, "fullName": f"Ada {k} Byron", "weight": 60.0, "born": Int64(k)} for k in range(300)]
        project.db.people.insert_many(people)
        example = self.example("esm", project)
        example.ok("up", env=self.env)
        person = project.db.people.find_one({"_id": 7})
        self.assertEqual({"first": "Ada", "last": "7 Byron"}, person["name"])
        self.assertEqual((float, Int64), (type(person["weight"]), type(person["born"])))
        self.assertNotIn("fullName", person)
        example.ok("down", env=self.env)
        self.assertEqual("Ada 7 Byron", project.db.people.find_one({"_id": 7})["fullName"])
        self.assertEqual(0, project.db.people.count_documents({"name": {"$exists": True}}))

    @on_either
    def test_preferences_in_three_languages_go_through_three_phases_and_make_the_same(self, project):
        made = {}
        users = [user(k) for k in range(700)]
        for language in ("yaml", "javascript", "typescript"):
            with self.subTest(language=language):
                project.empty()
                project.db.users.insert_many(users)
                before = project.raw("users")
                example = self.example(f"preferences/{language}", project)
                example.exits(1, "up", "-e", "production", env=self.env)  # not before it was tried
                test = example.ok("test", "-o", "json", env=self.env).json()
                self.assertEqual((True, True, 0), (test["idempotent"], test["roundTrip"], test["failed"]))
                rehearsal = example.ok("rehearse", "--docs", "300", "-o", "json", env=self.env).json()
                self.assertEqual((300, True, 0), (rehearsal["sample"], rehearsal["roundTrip"], rehearsal["failed"]))
                self.assertEqual(700, rehearsal["estimate"]["documents"])
                example.ok("up", "-e", "production", env=self.env)
                example.ok("verify", "--full", env=self.env)
                made[language] = project.raw("users")
                example.ok("down", env=self.env)
                self.assertSameBytes(before, project.raw("users"))
        self.assertEqual({"theme": "light", "language": "en"}, {
            key: decode(made["yaml"][0])["preferences"][key] for key in ("theme", "language")})
        self.assertSameBytes(made["javascript"], made["typescript"])
        self.assertEqual([decode(raw) for raw in made["yaml"]], [decode(raw) for raw in made["javascript"]])


if __name__ == "__main__":
    import unittest
    unittest.main()
