"""The server and its peers, started once; each test has lists, files and addresses of its own."""
import os
import signal
import time
import uuid

import pytest

from days import day
from peers import CallbackReceiver, Database, FileHost, MailHost, Server, relay, wait_for

# Everything is on this machine: no proxy has anything to do with it.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
# A request to end is obeyed like Ctrl-C, so that the processes of the tests end too.
signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def one_day():
    """The tests name days, and count what there is in one: none may end meanwhile."""
    day_length, needed = 86_400, 240
    left = day_length - time.time() % day_length
    if left < needed:
        wait_for("the next day", lambda: time.time() % day_length < needed, patience=needed + 5)


@pytest.fixture(scope="session")
def database():
    database = Database()
    yield database
    database.drop()


@pytest.fixture(scope="session")
def mail_host():
    host = MailHost()
    yield host
    host.stop()


@pytest.fixture(scope="session")
def file_host():
    host = FileHost()
    yield host
    host.stop()


@pytest.fixture(scope="session")
def callbacks():
    receiver = CallbackReceiver()
    yield receiver
    receiver.stop()


@pytest.fixture(scope="session")
def server(database, mail_host):
    server = Server(database, COUPONRY_RATE_LIMITS="off", **relay(mail_host.port))
    yield server
    server.stop()
    # Whatever the tests did: no fault was the server's own.
    assert not server.faults()


@pytest.fixture
def client(server):
    return server.client()


@pytest.fixture
def address():
    """An address that nobody else's mails go to."""
    return f"{uuid.uuid4().hex}@example.com"


@pytest.fixture
def make_list(client):
    """Makes a list with the given fields; the others are valid and its own."""

    def make(**fields):
        own = uuid.uuid4().hex
        valid = {"name": f"Name {own}", "label": f"label-{own}", "expires_at": day(365), "created_by": "tests"}
        return client.create_list(**{**valid, **fields})["_id"]

    return make


@pytest.fixture
def load(client, file_host):
    """Loads codes into a list and answers the file as it then is."""

    def load(list_id, codes, **fields):
        file = client.upload_file(list_id, file_host.serve_codes(codes), **fields)
        return client.wait_for_file(list_id, file["_id"], patience=60)

    return load


@pytest.fixture
def take(client):
    """Hands out codes, each to the next of the users, and answers the allocations."""

    def take(list_id, *users, **fields):
        return [client.request("POST", f"/coupon-list/{list_id}/allocations", {"user_id": user, **fields})
                for user in users]

    return take
