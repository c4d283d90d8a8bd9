"""A name server for one test: answers SRV, TXT and A from a table, everything else with "no such name".

It listens on port 53 of a loopback address of its own; `run_with_names` starts a program that sees it
as the system's name server, in a mount namespace of its own. Both need root.
"""
import os
import socket
import struct
import subprocess
import threading

A, TXT, SRV = 1, 16, 33
NO_SUCH_NAME = 3


def encoded_name(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"


def address(text):
    return socket.inet_aton(text)


def service(port, host):
    return struct.pack(">HHH", 0, 0, port) + encoded_name(host)


def text(value):
    return bytes([len(value)]) + value.encode()


class NameServer:
    """`table`: {(name, type): record bytes}."""

    def __init__(self, table):
        self.table = table
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.address = f"127.0.53.{os.getpid() % 250 + 1}"
        self.socket.bind((self.address, 53))
        self.socket.settimeout(0.1)
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def stop(self):
        self.ending.set()
        self.thread.join()
        self.socket.close()

    def _serve(self):
        while not self.ending.is_set():
            try:
                query, sender = self.socket.recvfrom(4096)
            except TimeoutError:
                continue
            self.socket.sendto(self._answer(query), sender)

    def _answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
            at += 1 + query[at]
        kind = struct.unpack(">H", query[at + 1:at + 3])[0]
        question = query[12:at + 5]
        name = ".".join(labels)
        record = self.table.get((name, kind))
        known = any(name == other for other, _ in self.table)
        head = struct.pack(">HHHHHH", struct.unpack(">H", query[:2])[0],
                           0x8180 | (0 if known else NO_SUCH_NAME), 1, 1 if record else 0, 0, 0)
        answer = b""
        if record:
            answer = b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 1, len(record)) + record
        return head + question + answer


def can_replace_the_name_server():
    return os.geteuid() == 0 and subprocess.run(
        ["unshare", "--mount", "true"], capture_output=True).returncode == 0


def with_names(server, folder, command):
    """The command line that runs `command` with that name server."""
    resolver = folder / "resolv.conf"
    resolver.write_text(f"nameserver {server.address}\noptions timeout:1 attempts:1\n")
    return ["unshare", "--mount", "sh", "-c",
            'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"', "sh", str(resolver), *command]
