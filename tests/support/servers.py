"""Real MongoDB servers for the tests: one standalone and one replica set of a single node.

Under ctest a guard process holds both for all test files (`python -m support.servers start|stop`,
fixtures in tests.cmake) and writes where they are into $WHIMBREL_TEST_SERVERS. The guard ends when it
is told to or when ctest is gone; the servers end with the guard. Without ctest each test process
starts the pair itself and the servers end with that process.
"""
import atexit
import ctypes
import functools
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import pymongo

TOPOLOGIES = ("standalone", "replicaset")
PR_SET_PDEATHSIG = 1


def wait_until(condition, what, seconds=30, pause=0.01):
    """Polls until `condition()` is true and returns its value; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(pause)


def die_with_parent():
    """For preexec_fn: the new process is killed when the thread that started it ends, and heeds the
    signals that whoever started the tests (nohup, a shell's background) may ignore."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """One running mongod with its own folder; `cache_gb` None leaves the cache at the server's default."""

    def __init__(self, folder, topology, cache_gb=0.5, flags=()):
        self.topology = topology
        self.flags = list(flags)
        self.cache_gb = cache_gb
        self.folder = pathlib.Path(folder) / topology
        (self.folder / "db").mkdir(parents=True)
        for _ in range(5):  # another process may take the port first
            self.port = free_port()
            self.process = self._start()
            if self._answers():
                break
            self.process.kill()
            self.process.wait()
        else:
            raise RuntimeError(f"mongod does not start:\n{self.log()[-3000:]}")
        if topology == "replicaset":
            self._initiate()

    @property
    def uri(self):
        base = f"mongodb://127.0.0.1:{self.port}/"
        return base + "?replicaSet=rs0" if self.topology == "replicaset" else base

    def _start(self):
        command = [
            os.environ.get("WHIMBREL_MONGOD", "mongod"), "--dbpath", str(self.folder / "db"),
            "--port", str(self.port), "--bind_ip", "127.0.0.1",
            "--setParameter", "diagnosticDataCollectionEnabled=false", "--nounixsocket",
        ]
        if self.cache_gb is not None:
            command += ["--wiredTigerCacheSizeGB", str(self.cache_gb)]
        if self.topology == "replicaset":
            command += ["--replSet", "rs0", "--oplogSize", "1024"]
        command += self.flags
        with open(self.folder / "log", "ab") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                    preexec_fn=die_with_parent)

    def _answers(self):
        client = pymongo.MongoClient("127.0.0.1", self.port, directConnection=True,
                                     serverSelectionTimeoutMS=500)
        deadline = time.monotonic() + 60
        try:
            while self.process.poll() is None and time.monotonic() < deadline:
                try:
                    client.admin.command("ping")
                    return True
                except pymongo.errors.PyMongoError:
                    pass
            return False
        finally:
            client.close()

    def _initiate(self):
        with pymongo.MongoClient("127.0.0.1", self.port, directConnection=True) as client:
            member = {"_id": 0, "host": f"127.0.0.1:{self.port}"}
            client.admin.command("replSetInitiate", {"_id": "rs0", "members": [member]})
            wait_until(lambda: client.admin.command("hello")["isWritablePrimary"],
                       "the replica set has a primary", 60)

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def stop(self):
        self.process.kill()
        self.process.wait()

    def crash_and_restart(self):
        """kill -9, and a new process on the same files and port."""
        self.stop()
        self.restart()

    def restart(self):
        """A new process on the files and the port of a stopped one; returns when it answers."""
        self.process = self._start()
        if not self._answers():
            raise RuntimeError(f"mongod does not come back:\n{self.log()[-3000:]}")


@functools.cache
def shared():
    """Topology -> URI of the servers that all tests share."""
    place = os.environ.get("WHIMBREL_TEST_SERVERS")
    if place:
        return json.loads(pathlib.Path(place).read_text())["uris"]
    folder = tempfile.mkdtemp(prefix="whimbrel-test-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    servers = [Server(folder, topology) for topology in TOPOLOGIES]
    for server in servers:
        atexit.register(server.stop)
    return {server.topology: server.uri for server in servers}


def parent_of(pid):
    stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    return int(stat.rpartition(")")[2].split()[1])


def ctest_pid():
    """The ctest that started us, or our parent."""
    pid = os.getppid()
    while pid > 1:
        if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == "ctest":
            return pid
        pid = parent_of(pid)
    return os.getppid()


def guard(place, watched):
    """Holds the servers until SIGTERM, or until the watched process is gone."""
    signals, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    gone = os.pidfd_open(watched)
    folder = tempfile.mkdtemp(prefix="whimbrel-test-")
    servers = []
    try:
        for topology in TOPOLOGIES:
            servers.append(Server(folder, topology))
        uris = {server.topology: server.uri for server in servers}
        partial = place.with_suffix(".partial")
        partial.write_text(json.dumps({"guard": os.getpid(), "uris": uris}))
        partial.rename(place)
        select.select([signals, gone], [], [])
    finally:
        for server in servers:
            server.stop()
        place.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)


def start(place):
    """Starts the guard and returns when its servers answer."""
    stop(place)
    log = place.with_suffix(".log")
    watched = ctest_pid()
    with open(log, "wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-B", "-m", "support.servers", "guard", str(watched)],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
    wait_until(lambda: place.exists() or process.poll() is not None, "the servers answer", 300)
    if not place.exists():
        sys.exit(f"the servers did not start:\n{log.read_text()}")
    print(place.read_text())


def stop(place):
    """Ends the guard that `place` names, if it is one of ours and alive."""
    if not place.exists():
        return
    pid = json.loads(place.read_text())["guard"]
    try:
        command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        if b"support.servers" not in command:
            raise ProcessLookupError
        guard_fd = os.pidfd_open(pid)
        os.kill(pid, signal.SIGTERM)
        select.select([guard_fd], [], [], 60)
    except (FileNotFoundError, ProcessLookupError):
        pass
    place.unlink(missing_ok=True)


def main():
    place = pathlib.Path(os.environ["WHIMBREL_TEST_SERVERS"])
    action = sys.argv[1]
    if action == "start":
        start(place)
    elif action == "stop":
        stop(place)
    elif action == "guard":
        guard(place, int(sys.argv[2]))


if __name__ == "__main__":
    main()
