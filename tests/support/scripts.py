"""Projects with document migrations in JavaScript."""
import os
import shutil

from support import javascript
from support.testcase import ServerTest

NODE_MODULES = os.environ.get("WHIMBREL_TEST_NODE_MODULES", "")


class ScriptTest(ServerTest):
    def project(self, topology, uri=None):
        """A project whose node_modules have the driver."""
        self.assertTrue(NODE_MODULES, "WHIMBREL_TEST_NODE_MODULES names no folder; use scripts/test")
        project = super().project(topology, uri)
        os.symlink(NODE_MODULES, project.root / "node_modules")
        return project

    def install_driver(self, project, major):
        """Gives the project another driver than 6, or none (None)."""
        place = project.root / "node_modules"
        if place.is_symlink():
            place.unlink()
        else:
            shutil.rmtree(place)
        if major is None:
            place.mkdir()
        else:
            javascript.node_modules(place, major)


def script(project, *parts, before="", **keys):
    """Writes a document migration of `things` with these parts of its module (JavaScript) and `keys`
    (JavaScript expressions); returns the file's name."""
    parts = ["collection: 'things'", *parts, *(f"{key}: {value}" for key, value in keys.items())]
    text = f"{before}\nmodule.exports = {{\n  " + ",\n  ".join(parts) + ",\n};\n"
    project._files += 1
    return project.migration(f"{20240101000000 + project._files}-script.js", text=text)


def transforms(body):
    """A transform(doc, ctx) with this body."""
    return f"transform(doc, ctx) {{ {body} }}"


def quarantined(project):
    """`_id` -> message of the documents in quarantine."""
    return {error["_id"]["document"]: error["message"] for error in project.db.whimbrel_errors.find()}
