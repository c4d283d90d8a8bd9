"""A replica set of three members of a test's own."""
import shutil
import tempfile

import pymongo

from support.servers import Server, wait_until


class ReplicaSet:
    """Three members with elections of a second, the third one with the tag `member: last`. A killed member
    comes back on its own files."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="whimbrel-set-")
        flags = ["--replSet", "rs0", "--oplogSize", "256", "--setParameter", "enableTestCommands=1"]
        self.servers = [Server(f"{self.folder}/{i}", "standalone", 0.25, flags) for i in range(3)]
        members = [{"_id": i, "host": f"127.0.0.1:{server.port}"} for i, server in enumerate(self.servers)]
        members[2]["tags"] = {"member": "last"}
        with pymongo.MongoClient("127.0.0.1", self.servers[0].port, directConnection=True) as client:
            client.admin.command("replSetInitiate", {
                "_id": "rs0", "members": members,
                "settings": {"electionTimeoutMillis": 1000, "heartbeatIntervalMillis": 200}})
        hosts = ",".join(member["host"] for member in members)
        self.uri = f"mongodb://{hosts}/?replicaSet=rs0"
        self.client = pymongo.MongoClient(self.uri, serverSelectionTimeoutMS=30000)
        self.wait_for_all()

    def wait_for_all(self):
        def settled():
            try:
                states = [m["stateStr"] for m in self.client.admin.command("replSetGetStatus")["members"]]
                return sorted(states) == ["PRIMARY", "SECONDARY", "SECONDARY"]
            except pymongo.errors.PyMongoError:
                return False
        wait_until(settled, "a primary and two secondaries", 60, 0.05)

    def primary(self):
        def find():
            try:
                self.client.admin.command("ping")
                return self.client.primary
            except pymongo.errors.PyMongoError:
                return None
        port = wait_until(find, "there is a primary", 60)[1]
        return next(server for server in self.servers if server.port == port)

    def secondaries(self):
        primary = self.primary()
        return [server for server in self.servers if server is not primary]

    def replicate(self, server, on):
        """Whether a secondary goes on fetching what the primary writes; it answers in any case."""
        with pymongo.MongoClient("127.0.0.1", server.port, directConnection=True) as client:
            client.admin.command("configureFailPoint", "stopReplProducer", mode="off" if on else "alwaysOn")

    def step_down(self):
        try:
            self.client.admin.command("replSetStepDown", 1, secondaryCatchUpPeriodSecs=1, force=True)
        except pymongo.errors.PyMongoError:
            pass  # the connection may break
        self.primary()

    def stop(self):
        self.client.close()
        for server in self.servers:
            server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
