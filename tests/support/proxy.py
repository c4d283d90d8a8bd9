"""A TCP proxy in front of a server that breaks connections where a test says."""
import collections
import select
import socket
import struct
import threading

CUTS = ("after request", "half request", "before reply", "half reply", "after reply")


def read_exactly(connection, size):
    """`size` bytes, or None when the peer is gone."""
    data = b""
    while len(data) < size:
        part = connection.recv(min(size - len(data), 1 << 20))
        if not part:
            return None
        data += part
    return data


def read_message(connection):
    """One message of the wire protocol, whose first four bytes are its length; None at the end."""
    head = read_exactly(connection, 4)
    rest = head and read_exactly(connection, struct.unpack("<i", head)[0] - 4)
    return head + rest if rest else None


class Proxy:
    """Passes messages between clients and the server at `port` on 127.0.0.1.

    break_next() arms one fault, which meets the next message, or the next that contains given bytes:
    one of CUTS closes the connection there, "stall" keeps it open and passes nothing more on it.
    """

    def __init__(self, port):
        self.server_port = port
        self.counts = collections.Counter()  # faults that met a message
        self._lock = threading.Lock()
        self._armed = None
        self._open = set()
        self._stalled = set()
        self._listener = None
        self.port = 0
        self.accept()

    def accept(self):
        """Listens, after refuse() at the same port as before."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(64)
        self.port = listener.getsockname()[1]
        self._ended = threading.Event()
        self._listener = listener
        self._thread = threading.Thread(target=self._serve, args=(listener, self._ended), daemon=True)
        self._thread.start()

    def refuse(self):
        """Cuts every connection and refuses new ones."""
        self._ended.set()
        self._thread.join()
        self._listener.close()
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            self._close(connection)

    close = refuse

    def break_next(self, fault, containing=b""):
        with self._lock:
            self._armed = (fault, containing)

    @property
    def armed(self):
        return self._armed is not None

    def _take(self, direction, message):
        """The armed fault, if it is one for this message."""
        with self._lock:
            if not self._armed:
                return ""
            fault, containing = self._armed
            meets = fault == "stall" or fault.endswith(direction)
            if not meets or containing not in message:
                return ""
            self._armed = None
            self.counts[fault] += 1
            return fault

    def _serve(self, listener, ended):
        while not ended.is_set():
            if not select.select([listener], [], [], 0.02)[0]:
                continue
            client, _ = listener.accept()
            try:
                server = socket.create_connection(("127.0.0.1", self.server_port))
            except OSError:
                client.close()
                continue
            for connection in (client, server):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open |= {client, server}
            for direction, source, target in (("request", client, server), ("reply", server, client)):
                threading.Thread(target=self._pass, args=(direction, source, target), daemon=True).start()

    def _pass(self, direction, source, target):
        try:
            while (message := read_message(source)) is not None:
                fault = self._take(direction, message)
                if fault == "stall":
                    self._stalled |= {source, target}
                if source in self._stalled:
                    continue
                kind = fault.partition(" ")[0]
                if kind == "half":
                    message = message[:len(message) // 2]
                if kind != "before":
                    target.sendall(message)
                if fault:
                    break
        except OSError:
            pass
        self._close(source)
        self._close(target)

    def _close(self, connection):
        with self._lock:
            self._open.discard(connection)
        try:
            connection.shutdown(socket.SHUT_RDWR)  # wakes the other thread
        except OSError:
            pass
        connection.close()
