"""The base class of the tests on real servers."""
import hashlib
import itertools
import os
import pathlib
import random
import shutil
import tempfile
import unittest
import zlib

import pymongo

from support.project import Project
from support.servers import TOPOLOGIES, Server, shared, wait_until  # noqa: F401  (for the tests)

LONG = os.environ.get("WHIMBREL_TEST_LONG") == "1"  # more rounds: the tests long/FILE
BOTH = LONG or os.environ.get("WHIMBREL_TEST_BOTH") == "1"  # all tests of scripts/test --long
_names = itertools.count()


def on(*topologies):
    """Marks a test that takes a project: it runs once on each of these topologies."""
    def mark(test):
        test.topologies = topologies
        return test
    return mark


on_both = on(*TOPOLOGIES)


def on_either(test):
    """Marks a test of what does not depend on the topology: it runs on one, which its name decides, and on both
    with --long."""
    names = sorted(TOPOLOGIES)
    return on_both(test) if BOTH else on(names[zlib.crc32(test.__name__.encode()) % len(names)])(test)


def expand(cls):
    """Makes one test for each topology of every marked test of the class."""
    for name, test in list(vars(cls).items()):
        topologies = getattr(test, "topologies", ())
        for topology in topologies:
            place = "a_replica_set" if topology == "replicaset" else "a_standalone_server"
            one = one_topology(test, topology)
            one.__name__ = f"{name}_on_{place}"
            setattr(cls, one.__name__, one)
        if topologies:
            delattr(cls, name)


def one_topology(test, topology):
    def run(self):
        with self.subTest(seed=self.seed):
            test(self, self.project(topology))
    return run


class ServerTest(unittest.TestCase):
    """Tests marked with @on_both become two tests, each with a project and a database of its own, those with
    @on_either become one of them.

    `self.random` starts from a seed that depends on the test's name, or from $WHIMBREL_TEST_SEED;
    a failure prints it.
    """

    longMessage = True
    maxDiff = 3000

    def __init_subclass__(cls):
        expand(cls)

    def setUp(self):
        name = self.id().rpartition(".")[2]
        self.seed = int(os.environ.get("WHIMBREL_TEST_SEED")
                        or int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big"))
        self.random = random.Random(self.seed)

    def own_server(self, topology, flags=()):
        """A server for this test alone, which may do to it what it likes."""
        folder = tempfile.mkdtemp(prefix="whimbrel-server-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        server = Server(folder, topology, flags=flags)
        self.addCleanup(server.stop)
        return server

    def project(self, topology, uri=None):
        """A new project with a new database on the shared server, or on the one at `uri`."""
        uri = uri or shared()[topology]
        client = pymongo.MongoClient(uri, datetime_conversion="DATETIME_AUTO")
        name = f"whimbrel_{os.getpid()}_{next(_names)}"
        folder = tempfile.mkdtemp(prefix="whimbrel-project-")
        project = Project(pathlib.Path(folder), uri, client[name])
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        self.addCleanup(client.close)
        self.addCleanup(client.drop_database, name)
        self.addCleanup(project.end_all)
        return project

    def assertSaid(self, text, result, where="both"):
        """Asserts that the run printed this text (in any case)."""
        said = {"out": result.out, "err": result.err, "both": result.out + result.err}[where]
        self.assertIn(text.lower(), said.lower(), str(result))

    def assertPeakBelow(self, limit, *usages):
        """The resident memory in bytes of each run stayed below the limit. Not looked at under the sanitizers,
        which keep freed memory and shadows of all of it."""
        if not os.environ.get("WHIMBREL_SANITIZED"):
            self.assertLess(max(usage.peak for usage in usages), limit)

    def assertSameBytes(self, expected, found, message=""):
        """Asserts that two lists of raw documents are equal, and shows the first that differs."""
        self.assertEqual(len(expected), len(found), f"number of documents {message}")
        for number, (before, after) in enumerate(zip(expected, found)):
            if before != after:
                self.fail(f"document {number} differs {message}\n{before!r}\n{after!r}")
