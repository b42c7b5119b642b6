"""A host of coupon files."""
import base64
import http.server
import threading
import uuid


class FileHost:
    def __init__(self):
        files = self._files = {}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body, credentials = files.get(self.path, (None, None))
                if body is None:
                    return self.send_error(404)
                if credentials and self.headers.get("Authorization") != credentials:
                    return self.send_error(401)
                self.send_response(200)
                self.send_header("Content-Type", "text/csv")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def serve(self, text, name="codes.csv", user=None, password=None):
        """The URL of a file with this text; with a user, only for who has the password."""
        path = f"/{uuid.uuid4().hex}/{name}"
        credentials = user and "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self._files[path] = (text.encode(), credentials)
        return f"http://127.0.0.1:{self._server.server_port}{path}"

    def serve_codes(self, codes, **options):
        return self.serve("Coupon Code\r\n" + "".join(code + "\r\n" for code in codes), **options)

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
