"""A certificate authority for one test, with certificates of a server and of a client."""
import pathlib
import subprocess


def openssl(*words, cwd):
    subprocess.run(["openssl", *map(str, words)], cwd=cwd, check=True, capture_output=True)


class Certificates:
    """Files of PEM: `authority`, and `server` and `client` each with key and certificate in one."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.authority = self._authority("authority")
        self.stranger = self._authority("stranger")
        self.server = self._signed("server", "subjectAltName=IP:127.0.0.1,DNS:localhost")
        self.client = self._signed("client", "extendedKeyUsage=clientAuth")

    def _authority(self, name):
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem", cwd=self.folder)
        return self.folder / f"{name}.pem"

    def _signed(self, name, extension):
        (self.folder / "extension").write_text(extension)
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/O=tests/CN={name}", "-keyout",
                f"{name}.key", "-out", f"{name}.csr", cwd=self.folder)
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "authority.pem", "-CAkey", "authority.key",
                "-CAcreateserial", "-days", "2", "-extfile", "extension", "-out", f"{name}.crt",
                cwd=self.folder)
        both = self.folder / f"{name}.pem"
        both.write_bytes((self.folder / f"{name}.key").read_bytes()
                         + (self.folder / f"{name}.crt").read_bytes())
        return both
