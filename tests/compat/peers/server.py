"""A process of the server."""
import base64
import json
import os
import secrets
import signal
import subprocess
import threading

from client import CouponClient

from .processes import start
from .waiting import wait_for

WORKSPACE = "compat"
KEY = secrets.token_hex(20)


def authorization(workspace=WORKSPACE, key=KEY):
    """For requests that are not the client's."""
    return {"Authorization": "Basic " + base64.b64encode(f"{workspace}:{key}".encode()).decode()}


class Server:
    """Starts with `start`; each further setting is one of its variables."""

    def __init__(self, database, **settings):
        # Nothing of the surroundings is a setting of the server.
        surroundings = {name: value for name, value in os.environ.items() if not name.startswith("COUPONRY_")}
        self._environment = {
            **surroundings,
            **database.settings,
            "COUPONRY_LISTEN": "127.0.0.1:0",
            "COUPONRY_BOOTSTRAP_WORKSPACE_ID": WORKSPACE,
            "COUPONRY_BOOTSTRAP_API_KEY": KEY,
            "COUPONRY_OUTBOUND_ALLOW": "127.0.0.0/8",
            # The work that comes round (looking at stocks and expiries) comes round the sooner, the shorter this is.
            "COUPONRY_JOB_LEASE_SECONDS": "2",
            **settings,
        }
        self._process = None
        self._log = []
        self.start()

    def start(self):
        self.url = None
        self._process = start([_binary(), "serve"], env=self._environment, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE)
        threading.Thread(target=self._read, args=[self._process], daemon=True).start()
        try:
            wait_for("the server to listen", lambda: self.url or self._process.poll() is not None)
            assert self.url, "the server did not start:\n" + self.log()
        except BaseException:
            self.kill()
            raise

    def _read(self, process):
        for line in process.stderr:
            self._log.append(line)
            if '"listening"' in line and process is self._process:
                self.url = "http://" + json.loads(line)["address"]

    def client(self, workspace=WORKSPACE, key=KEY):
        return CouponClient(self.url, workspace, key)

    def new_workspace(self):
        """Its id and key: a tenant that nobody else counts in."""
        command = [_binary(), "workspace", "create", "--name", "compat"]
        made = subprocess.run(command, env=self._environment, check=True, capture_output=True, text=True, timeout=60)
        answer = json.loads(made.stdout)
        return answer["workspace_id"], answer["api_key"]

    def log(self):
        return "".join(self._log)

    def faults(self):
        """The errors of the log. The HTTP library logs as one what a client sent that is no HTTP: that is no fault."""
        return [line for line in self._log if '"level":"ERROR"' in line and '"target":"actix_http' not in line]

    def kill(self):
        self._end(signal.SIGKILL)

    def stop(self):
        # Not SIGTERM: that gives balancers five seconds' notice.
        self._end(signal.SIGINT)

    def _end(self, how):
        self._process.send_signal(how)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise


def _binary():
    return os.path.abspath(os.environ["COUPONRY_BINARY"])
