"""The server held against its own OpenAPI document, by requests that schemathesis makes up."""
import os
import pathlib
import subprocess
import sys

import pytest

from peers import Database, Server
from peers.server import KEY, WORKSPACE

CONFIGURATION = pathlib.Path(__file__).with_name("schemathesis.toml")
HOOKS = pathlib.Path(__file__).with_name("schemathesis_hooks.py")


@pytest.fixture(scope="module")
def server_alone():
    """A server that fetches nothing and mails nobody, whatever it is asked: nothing works through its jobs."""
    database = Database()
    server = Server(database, COUPONRY_RATE_LIMITS="off", COUPONRY_ROLE="api")
    yield server
    server.stop()
    database.drop()
    assert not server.faults()


def test_whatever_is_asked_the_answer_is_as_documented(server_alone, tmp_path):
    schemathesis = pathlib.Path(sys.executable).with_name("schemathesis")
    run = subprocess.run(
        [schemathesis, "--config-file", CONFIGURATION, "run", f"{server_alone.url}/openapi.json",
         "--auth", f"{WORKSPACE}:{KEY}", "--no-color"],
        cwd=tmp_path, env={**os.environ, "SCHEMATHESIS_HOOKS": str(HOOKS)}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=180)
    assert run.returncode == 0, run.stdout[-20_000:]
