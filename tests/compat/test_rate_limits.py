"""The documented limits, over three processes on one database."""
import concurrent.futures
import contextlib
import http.client
import itertools
import time
import urllib.parse
import uuid
from collections import Counter

import pytest

from client import CouponError
from days import day
from peers import Database, Server, wait_for
from peers.server import authorization

UNKNOWN = "6721d00eefc476c0f67e0d05"
# What is uploaded here need not arrive.
NOWHERE = "http://127.0.0.1:40000/codes.csv"


@pytest.fixture(scope="module")
def servers():
    with contextlib.ExitStack() as at_the_end:
        database = Database()
        at_the_end.callback(database.drop)
        servers = []
        for _ in range(3):
            servers.append(Server(database, COUPONRY_RATE_LIMITS="on"))
            at_the_end.callback(servers[-1].stop)
        yield servers
        assert not [fault for server in servers for fault in server.faults()]


@pytest.fixture
def workspace(servers):
    """A workspace that has not asked for anything yet."""
    return servers[0].new_workspace()


class Outcome:
    """An answer: whether it was a success, and what its headers say."""

    def __init__(self, client, call):
        self.status, self.retry_after = 200, None
        try:
            call(client)
        except CouponError as refused:
            self.status, self.retry_after = refused.status, refused.retry_after
        self.at = time.time()
        self.rate_limit = client.rate_limit


def in_parallel(servers, workspace, calls, threads=16):
    """Makes the calls with as many clients at once, which go from server to server."""
    def one(number, call):
        return Outcome(servers[number % len(servers)].client(*workspace), call)

    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, itertools.count(), calls))


def with_room_in_the_window(client, call, seconds):
    """Waits for the next window of the call's limit if less than so many seconds of this one are left."""
    reset = Outcome(client, call).rate_limit.reset
    if reset - time.time() < seconds:
        wait_for("the next window", lambda: time.time() > reset, patience=seconds + 5)


def assert_exact(outcomes, limit, window, other_status):
    """So many got through, each with its own number, and the rest was refused; all agree on the window."""
    passed = [outcome for outcome in outcomes if outcome.status != 429]
    refused = [outcome for outcome in outcomes if outcome.status == 429]
    assert Counter(outcome.status for outcome in outcomes) == {other_status: limit, 429: len(outcomes) - limit}
    assert {outcome.rate_limit.limit for outcome in outcomes} == {limit}
    reset, = {outcome.rate_limit.reset for outcome in outcomes}
    assert reset % window == 0
    assert sorted(outcome.rate_limit.remaining for outcome in passed) == list(range(limit))
    assert {outcome.rate_limit.remaining for outcome in refused} == {0}
    for outcome in refused:
        assert abs(outcome.at + outcome.retry_after - reset) < 5
    return reset


def test_five_uploads_a_minute_are_exact_over_three_servers_and_a_restart(servers, workspace):
    client = servers[0].client(*workspace)
    made = client.create_list("limits", "limits", day(10), "tests")["_id"]
    # Deleting has the same windows and a counter of its own.
    with_room_in_the_window(client, lambda client: client.delete_file(made, UNKNOWN), 20)
    upload = lambda client: client.upload_file(made, NOWHERE)
    outcomes = in_parallel(servers, workspace, [upload] * 3)
    servers[1].kill()
    servers[1].start()
    outcomes += in_parallel(servers, workspace, [upload] * 47)
    assert_exact(outcomes, 5, 60, 200)
    assert len(client.fetch_files(made)) == 5


def test_a_hundred_lists_a_day_are_exact_over_three_servers_and_a_restart(servers, workspace):
    client = servers[0].client(*workspace)
    with_room_in_the_window(client, lambda client: client.update_list(UNKNOWN, name="x"), 30)
    create = lambda client: client.create_list(own := uuid.uuid4().hex, own, day(10), "tests")
    outcomes = in_parallel(servers, workspace, [create] * 60)
    servers[2].kill()
    servers[2].start()
    outcomes += in_parallel(servers, workspace, [create] * 90)
    assert_exact(outcomes, 100, 86_400, 200)
    assert len(client.fetch_lists()) == 100


def test_the_next_minute_has_room_again(servers, workspace):
    client = servers[0].client(*workspace)
    with_room_in_the_window(client, lambda client: client.delete_file(UNKNOWN, UNKNOWN), 10)
    report = lambda client: client.generate_usage_report(UNKNOWN, day(0), day(0), ["a@example.com"])
    outcomes = in_parallel(servers, workspace, [report] * 10)
    # Requests count whatever becomes of them.
    reset = assert_exact(outcomes, 5, 60, 404)
    wait_for("the next window", lambda: time.time() > reset, patience=70)
    after = Outcome(servers[1].client(*workspace), report)
    assert (after.status, after.rate_limit.remaining) == (404, 4)


def test_a_refusal_has_no_body_the_three_headers_and_retry_after(servers, workspace):
    client = servers[0].client(*workspace)
    with_room_in_the_window(client, lambda client: client.delete_file(UNKNOWN, UNKNOWN), 10)
    report = lambda client: client.generate_usage_report(UNKNOWN, day(0), day(0), ["a@example.com"])
    in_parallel(servers, workspace, [report] * 5)
    address = urllib.parse.urlsplit(servers[1].url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
    connection.request("POST", f"/v1/coupon-list/{UNKNOWN}/usage-report", b"{}",
                       {**authorization(*workspace), "Content-Type": "application/json"})
    answer = connection.getresponse()
    body = answer.read()
    headers = {name.lower(): value for name, value in answer.getheaders()}
    connection.close()
    assert (answer.status, body) == (429, b"")
    assert "content-type" not in headers
    assert (headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"]) == ("5", "0")
    assert int(headers["x-ratelimit-reset"]) % 60 == 0
    assert 1 <= int(headers["retry-after"]) <= 60


def test_every_documented_endpoint_shows_its_own_limit(servers, workspace):
    client = servers[0].client(*workspace)
    made = client.create_list("limits", "limits", day(10), "tests")["_id"]
    assert client.rate_limit[:2] == (100, 99)
    expected = [
        (client.fetch_lists, (), (10_000, 9_999)),
        (client.fetch_list, (made,), (10_000, 9_999)),
        (client.update_list, (made,), (100, 99)),
        (client.activate_list, (made, day(10)), (100, 99)),
        (client.fetch_files, (made,), (10_000, 9_999)),
        (client.fetch_file, (made, UNKNOWN), (10_000, 9_999)),
        (client.delete_file, (made, UNKNOWN), (5, 4)),
        (client.upload_file, (made, NOWHERE), (5, 4)),
        (client.generate_usage_report, (made, day(0), day(0), ["a@example.com"]), (5, 4)),
        (client.archive_list, (made,), (100, 99)),
    ]
    for call, arguments, shown in expected:
        outcome = Outcome(client, lambda _: call(*arguments))
        assert outcome.rate_limit[:2] == shown, call.__name__
        assert outcome.status in (200, 404)


def test_one_workspace_s_limit_is_not_another_s_and_wrong_keys_count_for_nobody(servers, workspace):
    client = servers[0].client(*workspace)
    wrong = servers[1].client(workspace[0], "wrong")
    for _ in range(7):
        with pytest.raises(CouponError) as refused:
            wrong.generate_usage_report(UNKNOWN, day(0), day(0), ["a@example.com"])
        assert refused.value.status == 401
    report = lambda client: client.generate_usage_report(UNKNOWN, day(0), day(0), ["a@example.com"])
    assert Outcome(client, report).rate_limit.remaining == 4
    other = servers[2].client(*servers[0].new_workspace())
    assert Outcome(other, report).rate_limit.remaining == 4


def test_limits_that_are_off_show_nothing(client, make_list):
    client.fetch_list(make_list())
    assert client.rate_limit is None
