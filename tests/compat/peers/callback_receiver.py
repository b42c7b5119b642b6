"""A receiver of callbacks."""
import http.server
import threading
import uuid
from typing import NamedTuple


class Call(NamedTuple):
    headers: dict
    body: bytes


class CallbackReceiver:
    def __init__(self):
        # By path: what it answers, in turn, what it does first, and what came.
        places = self._places = {}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                answers, before_answer, calls = places[self.path]
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if before_answer:
                    before_answer(body)
                status = answers.pop(0) if answers else 200
                # Noted before it is answered: whoever saw the answer finds the call.
                calls.append(Call({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def place(self, answers=(), before_answer=None):
        """A URL, and the calls that come to it. Answers `answers` in turn, then 200."""
        path, calls = f"/{uuid.uuid4().hex}", []
        self._places[path] = (list(answers), before_answer, calls)
        return f"http://127.0.0.1:{self._server.server_port}{path}", calls

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
