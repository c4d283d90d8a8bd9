"""Documents that are walked through: their files are written, their commands run, and what they show of the
terminal is what the terminal shows, but for times, rates and names that differ from run to run.

    ```yaml file=migrations/20260105090000-change.yaml     a file of the project
    ```console                                             `$ command`, and what it prints; `exit=1` when it ends so
    ```js run                                              a script that Node runs in the project
    <!-- project -->                                       a new project, with a new database
    <!-- example: preferences/yaml -->                     the files of a folder of examples/
    <!-- documents: users 5000 -->                         documents of the article's shape

    python -m support.walkthrough DOCUMENT...              writes what is printed now into the documents
"""
import os
import pathlib
import pty
import re
import shutil
import subprocess
import sys
import tempfile

from support.project import ROOT, Project, clean_environment

BLOCK = re.compile(r"^```(\S+)(.*)\n((?:.*\n)*?)```$|^<!-- (project|example:.*|documents:.*) -->$", re.M)
DIFFERENT_EACH_TIME = [
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
    (r"whimbrel-\d{14}-[0-9a-f]{8}\.log", "LOG"),
    (r"\b[0-9a-f]{64}\b", "HASH"),
    (r"\b[0-9a-f]{24}\b", "ID"),
    (r"[\w.-]+@[\w.-]+( pid \d+)?", "WHO"),
    (r"\d+h \d\dm|\d+m \d\ds|\d+(\.\d+)? (s|ms)\b", "DURATION"),
    (r"[\d,]+ (documents|docs)/s", "RATE"),
    (r"\d+(\.\d+)? (B|KiB|MiB|GiB)\b|\(\d+\.\d times\)", "BYTES"),
    (r"MongoDB \d[\d.]+", "MONGODB"),
]


# Which documents are drawn: a heading with an `_id`, and the typed diff under it.
SAMPLES = re.compile(r"(^  \S+ _id .*\n(    [-+!~].*\n|    \S+: .*\n)+)+", re.M)

PROGRESS = re.compile(r"^.* docs  [\d,]+/s  ETA .*\n", re.M)  # of a machine that takes ten seconds


def same_each_time(text):
    text = PROGRESS.sub("", SAMPLES.sub("SAMPLES\n", text))
    for pattern, name in DIFFERENT_EACH_TIME:
        text = re.sub(pattern, name, text)
    return re.sub(r"[ \t]+", " ", text)


def user(k):
    """The shape of the article's complete example; some documents lack some fields."""
    document = {"_id": k, "name": f"user {k}", "oldTheme": ("dark", "light", "blue")[k % 3], "oldLang": "de",
                "emailNotifications": k % 4 != 0, "smsNotifications": k % 5 == 0, "publicProfile": k % 7 != 0,
                "showEmail": k % 2 == 0}
    for position, name in enumerate(("oldTheme", "oldLang", "emailNotifications", "showEmail")):
        if k % (11 + position) == 0:
            del document[name]
    return document


SHAPES = {
    "users": user,
    "orders": lambda k: {"_id": k, "user": k % 100, "total": f"{k}.50"},
    "products": lambda k: {"_id": k, "price": [k + 0.5, str(k)][k % 2]},
    "reviews": lambda k: {"_id": k, "user": k % 100, "stars": k % 5 + 1},
    "tasks": lambda k: {"_id": k, "status": ("pending", "done")[k % 2], "type": "AB"[k % 2], "oldField": k},
}


class Walkthrough:
    """One document, walked through on the projects that `new_project` makes."""

    def __init__(self, path, new_project):
        self.path, self.new_project = pathlib.Path(path), new_project
        self.text = self.path.read_text()
        self.project = None

    def walk(self, check):
        """Calls check(command, expected, found) for each command; returns the document as it is now."""
        self.project = self.new_project()
        return BLOCK.sub(lambda block: self.block(block, check), self.text)

    def block(self, block, check):
        language, info, body, directive = block.groups()
        if directive:
            self.directive(directive)
        elif named := re.search(r"file=(\S+)", info):
            self.write(named[1], body)
        elif language == "console":
            body = self.commands(body, int((re.search(r"exit=(\d+)", info) or [0, 0])[1]), check)
            return f"```{language}{info}\n{body}```"
        return block[0]

    def directive(self, text):
        if text == "project":
            self.project = self.new_project()
            return
        if text.startswith("example:"):
            shutil.copytree(ROOT / "examples" / text.split()[1], self.project.root, dirs_exist_ok=True)
            return
        _, collection, count = text.split()
        documents = [SHAPES[collection](k) for k in range(int(count))]
        self.project.db[collection].insert_many(documents)

    def write(self, name, body):
        path = self.project.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body)

    def commands(self, body, rc, check):
        shown, parts = "", re.split(r"^\$ ", body, flags=re.M)[1:]
        for number, part in enumerate(parts):
            command, _, expected = part.partition("\n")
            found = self.run(command, rc if number == len(parts) - 1 else 0)
            kept = expected if same_each_time(expected) == same_each_time(found) else found
            check(command, same_each_time(expected), same_each_time(found))
            shown += f"$ {command}\n{kept}"
        return shown

    def run(self, command, rc):
        """As on a terminal that cannot move its cursor; nobody answers questions."""
        ours, theirs = pty.openpty()
        env = clean_environment({"TERM": "dumb", "MONGO_URL": self.project.uri, "DB_NAME": self.project.db.name})
        process = subprocess.Popen(["bash", "-c", command], cwd=self.project.root, stdin=subprocess.DEVNULL,
                                   stdout=theirs, stderr=theirs, env=env)
        os.close(theirs)
        said = b""
        while True:
            try:
                more = os.read(ours, 65536)
            except OSError:  # how Linux says that the other end is closed
                break
            if not more:
                break
            said += more
        os.close(ours)
        code = process.wait()
        text = self.made_plain(said.decode(errors="replace"))
        assert code == rc, f"{self.path.name}: {command}: exit {code} instead of {rc}\n{text}"
        return text

    def made_plain(self, text):
        text = text.replace("\r\n", "\n").replace(self.project.db.name, "shop")
        text = text.replace(self.project.uri, "mongodb://127.0.0.1:27017")
        text = text.replace(str(self.project.root), "/home/me/shop")
        return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def record(paths):
    """Needs the shared servers: tests/run_server_test.sh support.servers start."""
    import pymongo
    from support.servers import shared
    uri = shared()["replicaset"]
    client = pymongo.MongoClient(uri)
    for path in paths:
        made = []

        def new_project():
            folder = tempfile.TemporaryDirectory(prefix="whimbrel-walk-")
            database = client[f"whimbrel_walk_{os.getpid()}_{len(made)}"]
            made.append((folder, database))
            return place(Project(pathlib.Path(folder.name), uri, database, config=False))
        walkthrough = Walkthrough(path, new_project)
        walkthrough.path.write_text(walkthrough.walk(lambda *ignored: None))
        for folder, database in made:
            client.drop_database(database.name)
            folder.cleanup()


def place(project):
    """What a document's project finds around it: packages, and nothing else."""
    (project.root / "node_modules").symlink_to(os.environ["WHIMBREL_TEST_NODE_MODULES"])
    return project


if __name__ == "__main__":
    record(pathlib.Path(ROOT, path) for path in sys.argv[1:])
