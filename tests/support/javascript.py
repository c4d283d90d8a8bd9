"""Projects of migrate-mongo: one project run by either tool, and two equal ones run by one tool each."""
import json
import os
import pathlib
import re
import shutil
import tempfile

from bson import json_util

from support.project import BINARY, Project, clean_environment

MODULES = pathlib.Path(os.environ.get("WHIMBREL_TEST_NODE_MODULES", "."))
NODE = os.environ.get("WHIMBREL_NODE", "node")
CONFIG = "migrate-mongo-config.js"
FORMS = {
    "cjs": "module.exports = %s;\n",
    "esm": "export default %s;\n",
    "named": "const config = %s;\nexport const { mongodb, migrationsDir, changelogCollectionName, lockCollectionName,"
             " lockTtl, migrationFileExtension, useFileHash, moduleSystem } = config;\n",
    "promise": "module.exports = Promise.resolve(%s);\n",
    "json": "%s\n",
}


def node_modules(place, driver=6):
    """The packages of a project. Drivers other than 6 need a migrate-mongo of their own, which would
    otherwise find the driver beside itself."""
    if driver == 6:
        os.symlink(MODULES, place)
        return
    place.mkdir()
    for package in MODULES.iterdir():
        if package.name not in ("mongodb", "migrate-mongo") and not package.name.startswith("."):
            os.symlink(package, place / package.name)
    os.symlink(MODULES / f"mongodb{driver}", place / "mongodb")
    shutil.copytree(MODULES / "migrate-mongo", place / "migrate-mongo")


class JsProject(Project):
    def __init__(self, folder, uri, db, driver=6):
        super().__init__(folder, uri, db, config=False)
        node_modules(self.root / "node_modules", driver)
        self.bin = pathlib.Path(tempfile.mkdtemp(prefix="whimbrel-bin-"))
        os.symlink(BINARY, self.bin / "migrate-mongo")
        self.js_config()

    def js_config(self, form="cjs", file=CONFIG, text=None, **keys):
        """Writes the configuration; a key that is None is left out."""
        settings = {"mongodb": {"url": self.uri, "databaseName": self.db.name, "options": {}},
                    "migrationsDir": "migrations", "changelogCollectionName": "changelog",
                    "lockCollectionName": "changelog_lock", "lockTtl": 0, "migrationFileExtension": ".js",
                    "useFileHash": False, "moduleSystem": "commonjs", **keys}
        settings = {key: value for key, value in settings.items() if value is not None}
        (self.root / file).write_text(text or FORMS[form] % json.dumps(settings, indent=1))

    def script(self, name, up="", down="", text=None):
        """Writes a migration whose functions have these bodies; returns the file's name."""
        if "." not in name:
            self._files += 1
            name = f"{20240101000000 + self._files}-{name}.js"
        if text is None:
            text = ("module.exports = {\n  async up(db, client) {\n%s\n  },\n"
                    "  async down(db, client) {\n%s\n  },\n};\n" % (up, down))
        (self.migrations / name).write_text(text)
        return name

    def rename_new_files(self):
        """Gives every migration that `create` made the same time of day."""
        for path in self.migrations.iterdir():
            path.rename(path.with_name(re.sub(r"^20[23]\d{11}(?=-new)", "20300101000000", path.name)))

    def theirs(self, *args, **keys):
        return self.start_theirs(*args, **keys).wait()

    def start_theirs(self, *args, env=None):
        program = [NODE, self.root / "node_modules" / "migrate-mongo" / "bin" / "migrate-mongo.js"]
        return self.start(*args, env=env, program=program)

    def ours(self, *args, **keys):
        return self.start_ours(*args, **keys).wait()

    def start_ours(self, *args, env=None):
        return self.start(*args, env=env, program=[self.bin / "migrate-mongo"])

    def end_all(self):
        super().end_all()
        shutil.rmtree(self.bin, ignore_errors=True)

    def masked(self, text):
        """Without what differs from run to run: paths, names, times."""
        text = text.replace(str(self.root), "<root>").replace(self.db.name, "<db>")
        text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "<time in ISO format>   ", text)
        text = re.sub(r"\b1[789]\d{11}\b", "<block>      ", text)
        return re.sub(r"\b20[23]\d{11}(?=-new)", "<stamp>", text)

    def database(self):
        """Everything but whimbrel's own, comparable: documents, indexes and options of every collection."""
        found = {}
        for info in self.db.list_collections():
            name = info["name"]
            if name.startswith("whimbrel_") or name == "system.views":
                continue
            indexes = self.db[name].index_information() if info["type"] == "collection" else {}
            documents = [canonical(d, name) for d in self.db[name].find().sort("_id")]
            found[name] = {"options": info["options"], "indexes": indexes,
                           "documents": sorted(documents) if name.startswith("changelog") else documents}
        for empty in [name for name, c in found.items() if name.startswith("changelog") and not c["documents"]
                      and set(c["indexes"]) <= {"_id_"}]:
            del found[empty]  # an empty collection of the tools' own says nothing
        return found

    def changelog(self):
        return list(self.db.changelog.find())


def canonical(document, collection):
    """As text; an entry of the changelog is reduced to what migrate-mongo writes, with types for times."""
    if collection.startswith("changelog"):
        document = {k: v if k in ("fileName", "fileHash") else type(v).__name__ for k, v in document.items()
                    if k in ("fileName", "fileHash", "appliedAt", "migrationBlock", "createdAt")}
    return json_util.dumps(document, json_options=json_util.CANONICAL_JSON_OPTIONS)


class Twins:
    """The same project twice: migrate-mongo runs one, whimbrel called as migrate-mongo the other."""

    def __init__(self, test, theirs, ours):
        self.test, self.theirs, self.ours = test, theirs, ours

    def each(self, function):
        for project in (self.theirs, self.ours):
            function(project)

    def js_config(self, *args, **keys):
        self.each(lambda p: p.js_config(*args, **keys))

    def script(self, *args, **keys):
        self.theirs.script(*args, **keys)
        return self.ours.script(*args, **keys)

    def file(self, name, text):
        def write(project):
            (project.root / name).parent.mkdir(parents=True, exist_ok=True)
            (project.root / name).write_text(text)
        self.each(write)

    def run(self, *args, rc=0, env=None, stdout=True):
        """Runs both; their exit codes, outputs and first lines of errors must be equal."""
        first, second = self.theirs.start_theirs(*args, env=env), self.ours.start_ours(*args, env=env)
        a, b = first.wait(), second.wait()
        both = f"migrate-mongo {a}\n=====\n{b}"
        self.test.assertEqual((rc, rc), (a.rc, b.rc), both)
        if stdout:
            self.test.assertEqual(self.theirs.masked(a.out), self.ours.masked(b.out), both)
        self.test.assertEqual(self.theirs.masked(message_of(a.err)), self.ours.masked(message_of(b.err)), both)
        return b

    def same(self):
        """Asserts that both databases hold the same."""
        self.test.assertEqual(self.theirs.database(), self.ours.database())


def message_of(err):
    """What is said before the first line of a stack."""
    return re.split(r"\n    at ", err)[0].rstrip("\n") if err.startswith("ERROR: ") else err


def js_project(test, topology, driver=6):
    plain = test.project(topology)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="whimbrel-js-"))
    test.addCleanup(shutil.rmtree, folder, ignore_errors=True)
    project = JsProject(folder, plain.uri, plain.db, driver)
    test.addCleanup(project.end_all)
    return project


def twins(test, topology="replicaset", driver=6):
    return Twins(test, js_project(test, topology, driver), js_project(test, topology, driver))


__all__ = ["JsProject", "Twins", "clean_environment", "js_project", "twins"]
