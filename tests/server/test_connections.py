"""Connection strings of every kind: TLS with and without client certificates, mongodb+srv."""
import pathlib
import subprocess
import tempfile
import unittest

from support import names
from support.certificates import Certificates
from support.project import BINARY, clean_environment
from support.testcase import ServerTest, on_both, shared

ADD = {"update": "things", "with": [{"$set": {"n": {"$add": ["$n", 1]}}}]}


class TlsTest(ServerTest):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="whimbrel-tls-")
        self.addCleanup(folder.cleanup)
        self.made = Certificates(folder.name)

    def tls_project(self, *flags):
        # preferTLS: the test itself looks at the server without TLS.
        server = self.own_server("standalone", [
            "--tlsMode", "preferTLS", "--tlsCertificateKeyFile", str(self.made.server), *flags])
        project = self.project("standalone", uri=server.uri)
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(100)])
        project.migration("add", ADD)
        return project

    def tls_uri(self, project, **options):
        query = "&".join(f"{name}={value}" for name, value in {"tls": "true", **options}.items())
        return f"{project.uri}?{query}&serverSelectionTimeoutMS=3000"

    def test_tls_with_a_known_authority_works_and_with_a_strange_one_is_refused(self):
        project = self.tls_project()
        strange = self.tls_uri(project, tlsCAFile=self.made.stranger)
        refused = project.exits(69, "up", env={"WHIMBREL_URI": strange})
        self.assertSaid("certificate", refused)
        self.assertEqual(0, project.db.things.find_one({"_id": 0})["n"])
        known = self.tls_uri(project, tlsCAFile=self.made.authority)
        project.ok("up", env={"WHIMBREL_URI": known})
        self.assertEqual(1, project.db.things.find_one({"_id": 0})["n"])

    def test_a_server_that_wants_a_client_certificate_gets_it(self):
        project = self.tls_project("--tlsCAFile", str(self.made.authority))
        without = self.tls_uri(project, tlsCAFile=self.made.authority)
        project.exits(69, "status", env={"WHIMBREL_URI": without})
        with_it = self.tls_uri(project, tlsCAFile=self.made.authority,
                               tlsCertificateKeyFile=self.made.client)
        project.ok("up", env={"WHIMBREL_URI": with_it})
        project.ok("down", env={"WHIMBREL_URI": with_it})
        self.assertEqual(0, project.db.things.find_one({"_id": 0})["n"])


@unittest.skipUnless(names.can_replace_the_name_server(), "needs root and mount namespaces")
class SrvTest(ServerTest):
    def test_hosts_and_options_come_from_srv_and_txt_records(self):
        project = self.project("replicaset")
        port = int(shared()["replicaset"].rpartition(":")[2].split("/")[0])
        server = names.NameServer({
            ("_mongodb._tcp.cluster.whimbrel.test", names.SRV): names.service(port, "node.whimbrel.test"),
            ("cluster.whimbrel.test", names.TXT): names.text("replicaSet=rs0"),
            ("node.whimbrel.test", names.A): names.address("127.0.0.1"),
        })
        self.addCleanup(server.stop)
        uri = "mongodb+srv://cluster.whimbrel.test/?tls=false&serverSelectionTimeoutMS=5000"
        project.migration("add", ADD)
        command = names.with_names(server, project.root, [str(BINARY), "status", "-o", "json"])
        run = subprocess.run(command, cwd=project.root, env=clean_environment({"WHIMBREL_URI": uri}),
                             capture_output=True, text=True, timeout=60)
        self.assertEqual(0, run.returncode, run.stdout + run.stderr)
        self.assertIn('"topology":"replicaset"', run.stdout)

    def test_a_name_that_does_not_exist_is_said(self):
        project = self.project("standalone")
        server = names.NameServer({})
        self.addCleanup(server.stop)
        command = names.with_names(server, project.root, [str(BINARY), "status"])
        uri = "mongodb+srv://nowhere.whimbrel.test/"
        run = subprocess.run(command, cwd=project.root, env=clean_environment({"WHIMBREL_URI": uri}),
                             capture_output=True, text=True, timeout=60)
        self.assertIn(run.returncode, (69, 78), run.stdout + run.stderr)
        self.assertIn("nowhere.whimbrel.test", run.stderr)


class OptionsTest(ServerTest):
    OPTIONS = ("readPreference=secondaryPreferred", "readPreference=nearest&maxStalenessSeconds=120", "w=0",
               "w=1&journal=true", "w=majority&wtimeoutMS=60000", "readConcernLevel=linearizable",
               "readConcernLevel=local&retryWrites=false&retryReads=false")

    @on_both
    def test_options_of_the_connection_string_for_reads_and_writes_change_nothing(self, project):
        project.migration("add", ADD)
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(100)])
        for options in self.OPTIONS:
            with self.subTest(options):
                uri = project.uri + ("&" if "?" in project.uri else "?") + options
                project.ok("up", env={"WHIMBREL_URI": uri})
                self.assertEqual(0, project.db.things.count_documents({"$expr": {"$eq": ["$n", "$_id"]}}))
                project.ok("down", env={"WHIMBREL_URI": uri})
                self.assertEqual(100, project.db.things.count_documents({"$expr": {"$eq": ["$n", "$_id"]}}))


if __name__ == "__main__":
    unittest.main()
