"""A whimbrel project in a temporary folder with its own database, and runs of the program in it."""
import json
import os
import pathlib
import subprocess

import bson
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.raw_bson import RawBSONDocument

from support.process import wait_with_usage
from support.servers import die_with_parent

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("WHIMBREL_BIN", ROOT / "build" / "dev" / "whimbrel")).absolute()
RAW = CodecOptions(document_class=RawBSONDocument)
ANY_DATE = CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_AUTO)
HIDDEN = ("WHIMBREL_", "NODE_ENV", "NO_COLOR", "CI", "MONGO_URL")


def clean_environment(extra=None):
    """The environment of the program: ours without what it would obey, with whimbrel on PATH."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(HIDDEN)}
    node = pathlib.Path(os.environ.get("WHIMBREL_NODE", "node"))
    own = f"{node.parent}:" if node.is_absolute() else ""
    env["PATH"] = f"{BINARY.parent}:{own}{env['PATH']}"
    env["TZ"] = "UTC"
    env.update(extra or {})
    return env


def decode(raw):
    """A raw document as a dictionary; dates that Python does not have stay numbers."""
    return bson.decode(raw, codec_options=ANY_DATE)


class Result:
    """A finished run."""

    def __init__(self, args, rc, out, err, usage=None):
        self.args, self.rc, self.out, self.err = args, rc, out, err
        self.usage = usage  # of a run that was waited for

    def __str__(self):
        return (f"whimbrel {' '.join(self.args)}\nexit {self.rc}\n"
                f"--- stdout\n{self.out}\n--- stderr\n{self.err}")

    def json(self):
        return json.loads(self.out)

    def events(self):
        return [json.loads(line) for line in self.out.splitlines()]


class Running:
    """A run in the background."""

    def __init__(self, args, process, out, err):
        self.args, self.process, self._out, self._err = args, process, out, err

    @property
    def alive(self):
        return self.process.poll() is None

    def kill(self):
        self.process.kill()
        self.process.wait()

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, timeout=120):
        usage = None
        if self.process.returncode is None:
            usage = wait_with_usage(self.process, timeout)
            if usage is None:
                self.kill()
                raise AssertionError(f"still running after {timeout} s\n{self.result()}")
        return self.result(usage)

    def result(self, usage=None):
        return Result(self.args, self.process.returncode, self._out.read_text(errors="replace"),
                      self._err.read_text(errors="replace"), usage)


class Project:
    def __init__(self, folder, uri, db, config=True):
        """`db` is the pymongo database of this project; without `config` the folder has one already."""
        self.root = pathlib.Path(folder)
        self.uri = uri
        self.db = db
        self.migrations = self.root / "migrations"
        self.migrations.mkdir(parents=True, exist_ok=True)
        self._runs = []
        self._files = 0
        if config:
            self.config()

    def config(self, **keys):
        """Writes whimbrel.yaml (JSON is YAML) with our server and `keys`."""
        settings = {"mongodb": {"uri": self.uri, "database": self.db.name}, **keys}
        (self.root / "whimbrel.yaml").write_text(json.dumps(settings, indent=1))

    def migration(self, name, *steps, text=None, **keys):
        """Writes a migration of these steps, or of this text; returns the file's name."""
        if "." not in name:
            self._files += 1
            name = f"{20240101000000 + self._files}-{name}.yaml"
        if text is None:
            text = json.dumps({"steps": list(steps), **keys}, indent=1)
        (self.migrations / name).write_text(text)
        return name

    def run(self, *args, env=None, timeout=180, program=(BINARY,)):
        """Runs whimbrel, or another program, to its end."""
        return self.start(*args, env=env, program=program).wait(timeout)

    def start(self, *args, env=None, program=(BINARY,)):
        """Starts whimbrel in the background; it dies with the test at the latest."""
        args = [str(a) for a in args]
        number = len(self._runs)
        out, err = self.root / f".out{number}", self.root / f".err{number}"
        with open(out, "wb") as stdout, open(err, "wb") as stderr:
            process = subprocess.Popen(
                [*program, *args], cwd=self.root, stdin=subprocess.DEVNULL, stdout=stdout,
                stderr=stderr, env=clean_environment(env), preexec_fn=die_with_parent)
        running = Running(args, process, out, err)
        self._runs.append(running)
        return running

    def end_all(self):
        for running in self._runs:
            if running.alive:
                running.kill()

    def ok(self, *args, **keys):
        """Runs and asserts exit code 0."""
        return self.exits(0, *args, **keys)

    def exits(self, rc, *args, **keys):
        result = self.run(*args, **keys)
        assert result.rc == rc, f"expected exit {rc}: {result}"
        return result

    def states(self):
        """Migration file -> state, as `status` says."""
        status = self.ok("status", "-o", "json").json()
        return {m["file"]: m["state"] for m in status["migrations"]}

    def state(self, name):
        return self.states()[name]

    def raw(self, collection="things"):
        """The raw bytes of every document, in `_id` order."""
        found = self.db.get_collection(collection, codec_options=RAW).find().sort("_id")
        return [bytes(document.raw) for document in found]

    def empty(self):
        """A new database for the same project, whatever the last one held."""
        self.db.client.drop_database(self.db.name)

    def clear(self):
        """As empty(), but whimbrel's own collections stay, without documents: making them anew is
        most of what a small run waits for."""
        for name in self.db.list_collection_names():
            if name.startswith(("whimbrel_", "changelog")):
                self.db[name].delete_many({})
            else:
                self.db.drop_collection(name)
