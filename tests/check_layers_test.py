"""Tests of scripts/check-layers on small trees."""
import importlib.machinery
import importlib.util
import pathlib
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[1] / "scripts" / "check-layers"
loader = importlib.machinery.SourceFileLoader("check_layers", str(SCRIPT))
check_layers = importlib.util.module_from_spec(importlib.util.spec_from_loader("check_layers", loader))
loader.exec_module(check_layers)


class CheckLayersTest(unittest.TestCase):
    def problems(self, files, architecture="base/ mongo/ migration/ state/ node/ engine/ observe/ flow/ cli/"):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "include" / "whimbrel").mkdir(parents=True)
            (root / "include" / "whimbrel" / "main.h").write_text("")
            if architecture is not None:
                (root / "ARCHITECTURE.md").write_text(architecture)
            for name, text in files.items():
                path = root / "src" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return check_layers.check(root)[1]

    def assertProblem(self, expected, files, **keys):
        found = self.problems(files, **keys)
        self.assertEqual(1, len(found), found)
        self.assertIn(expected, found[0])

    def test_includes_may_point_down_and_to_the_own_room(self):
        self.assertEqual([], self.problems({
            "main.cc": '#include "whimbrel/main.h"\n#include "cli/cli.h"\n',
            "cli/cli.cc": '#include "whimbrel/main.h"\n#include "flow/up.h"\n#include "cli/cli.h"\n',
            "engine/lane.cc": '#include <string>\n#include "base/result.h"\n#include "state/lock.h"\n',
            "engine/lane_test.cc": '#include <doctest/doctest.h>\n#include "support/random_document.h"\n',
            "mongo/client.cc": "#include <mongoc/mongoc.h>\nmongoc_init();\n"}))

    def test_an_include_that_points_up_is_named_with_its_line(self):
        self.assertProblem("src/base/text.cc:2: base/ includes flow/up.h, which is above it",
                           {"base/text.cc": '\n#include "flow/up.h"\n'})

    def test_an_include_of_a_room_beside_is_refused(self):
        self.assertProblem("which is beside it", {"engine/lane.cc": '#include "observe/events.h"\n'})

    def test_only_the_command_line_includes_the_public_headers(self):
        self.assertProblem("src/flow/up.cc:1", {"flow/up.cc": '#include "whimbrel/main.h"\n'})

    def test_only_mongo_says_what_the_driver_says(self):
        self.assertProblem("only mongo/ says bson_", {"state/lock.cc": "bson_t b;\n"})
        self.assertProblem("only mongo/ includes <bson/bson.h>", {"state/lock.cc": "#include <bson/bson.h>\n"})
        self.assertEqual([], self.problems({"state/lock.cc": "to_bson_bytes();\n"}))

    def test_a_file_of_more_than_400_lines_is_refused(self):
        self.assertEqual([], self.problems({"base/long.cc": "\n" * 400}))
        self.assertProblem("401 lines", {"base/long.cc": "\n" * 401})

    def test_a_try_behind_a_comma_is_refused(self):
        self.assertProblem("state/lock.cc:1: TRY behind a comma", {"state/lock.cc": "Item item{name, TRY(read())};\n"})
        self.assertProblem("state/lock.cc:2: TRY behind a comma",
                           {"state/lock.cc": "Item item{name,\n          TRY(read())};\n"})
        self.assertEqual([], self.problems({"state/lock.cc": "add(TRY(read(a, b)));\n  write(a,\n        b);\n  TRY(c());\n"}))

    def test_an_unknown_room_is_refused(self):
        self.assertProblem("no known room", {"attic/box.cc": ""}, architecture="attic/")

    def test_every_room_stands_in_the_architecture(self):
        self.assertProblem("does not name the room node/", {"node/child.cc": ""}, architecture="base/")
        self.assertProblem("missing", {"node/child.cc": ""}, architecture=None)


if __name__ == "__main__":
    unittest.main()
