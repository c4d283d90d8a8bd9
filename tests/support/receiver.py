"""A receiver of notifications: a small HTTP server that keeps what it was sent."""
import http.server
import json
import threading


class Request:
    def __init__(self, path, headers, body):
        self.path, self.headers, self.body = path, headers, body

    @property
    def json(self):
        return json.loads(self.body)


class WebhookServer:
    """Answers with the `answers` in turn (status codes), then with 200; with "hang" it never answers."""

    def __init__(self, *answers, body="ok"):
        self.requests, self._answers, self._body = [], list(answers), body
        self._released = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.requests.append(Request(self.path, self.headers, body))
                answer = outer._answers.pop(0) if outer._answers else 200
                if answer == "hang":
                    outer._released.wait()
                    return
                self.send_response(answer)
                if 300 <= answer < 400:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()
                self.wfile.write(outer._body.encode())

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def host(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def url(self, path="/hook"):
        return self.host + path

    def events(self):
        return [request.json["event"] for request in self.requests]

    def stop(self):
        self._released.set()
        self._server.shutdown()
        self._server.server_close()
