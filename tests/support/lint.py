"""What the tests of `lint` share."""

SCRIPT = """module.exports = {
  async up(db, client) {
    %s
  },
  async down(db) { await db.collection('things').updateMany({ a: 1 }, { $set: { a: 0 } }); },
};
"""
GUARDED = {"update": "things", "where": {"done": {"$ne": True}}, "with": {"$inc": {"n": 1}, "$set": {"done": True}}}


def shown(finding):
    return finding["code"], finding["severity"], finding["line"]


class Linting:
    def lint(self, project, *names, rc=None, strict=False, env=None):
        """What it says as JSON, with its exit code checked against it."""
        result = project.run("lint", *names, *(["--strict"] if strict else []), "-o", "json", env=env)
        self.assertIn(result.rc, (0, 1), str(result))
        report = result.json()
        self.assertEqual(("lint", 1, result.rc), (report["type"], report["schema"], report["exit"]))
        if rc is not None:
            self.assertEqual(rc, result.rc, str(result))
        return report

    def codes(self, project, *names):
        """The findings that are not suppressed, by place: (code, severity, line)."""
        return [shown(one) for one in self.lint(project, *names)["findings"] if not one["suppressed"]]

    def script(self, project, body, text=SCRIPT, extension="js"):
        project._files += 1
        name = f"{20240101000000 + project._files}-script.{extension}"
        return project.migration(name, text=text % body if "%s" in text else text)

    def alone(self, project, name):
        """The findings in a file that is gone afterwards."""
        found = self.codes(project, name)
        (project.migrations / name).unlink()
        return found

    def of_script(self, project, body, **keys):
        """The findings in a script whose up() is `body`, which starts on line 3."""
        return self.alone(project, self.script(project, body, **keys))

    def of_yaml(self, project, *steps, text=None, **keys):
        return self.alone(project, project.migration("change", *steps, text=text, **keys))
