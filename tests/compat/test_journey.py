"""The whole way of a coupon list, by the client that is shown to users."""
import os
import pathlib
import subprocess
import sys

import pytest

from client import CouponError
from days import day
from peers.server import KEY, WORKSPACE

SCRIPT = pathlib.Path(__file__).parents[2] / "examples/client.py"


def test_the_example_script_goes_all_the_way(server, file_host, mail_host, address):
    url = file_host.serve_codes(["A-1", "A-2", "A-3"])
    environment = {**os.environ, "URL": server.url, "WORKSPACE": WORKSPACE, "KEY": KEY}
    run = subprocess.run([sys.executable, SCRIPT, url, address], env=environment, capture_output=True, text=True,
                         timeout=60)
    assert (run.returncode, run.stderr) == (0, "")
    said = [line.partition(": ")[0] for line in run.stdout.splitlines()]
    assert said == ["created", "uploaded", "loaded", "lists", "details", "files", "renamed", "report", "deleted",
                    "archived", "activated"]
    assert "loaded: SUCCESS, 3 codes" in run.stdout
    assert "details: 3 of 3 codes are left" in run.stdout
    assert "deleted: 0 files are left" in run.stdout
    subjects = sorted(mail.subject.split(" ")[0] for mail in mail_host.wait_for_mails(address, 2))
    assert subjects == ["Loaded", "Usage"]


def test_the_example_script_says_what_was_refused(server):
    environment = {**os.environ, "URL": server.url, "WORKSPACE": WORKSPACE, "KEY": "wrong"}
    run = subprocess.run([sys.executable, SCRIPT, "http://127.0.0.1/x", "a@example.com"], env=environment,
                         capture_output=True, text=True, timeout=60)
    assert run.returncode == 1
    assert run.stderr.startswith("refused: 401 request-unauthenticated: ")


def test_a_new_list_is_active_and_empty(client, make_list):
    details = client.fetch_list(make_list())
    assert (details["status"], details["total_coupons"], details["available_coupons"]) == ("ACTIVE", 0, 0)


def test_a_file_is_pending_first_and_its_codes_count_when_it_is_loaded(client, make_list, file_host):
    made = make_list()
    file = client.upload_file(made, file_host.serve_codes(["A", "B", "A"]), name="batch 1", created_by="John")
    assert file["status"] == "PENDING"
    loaded = client.wait_for_file(made, file["_id"])
    assert (loaded["status"], loaded["added_coupons"]) == ("SUCCESS", 2)
    details = client.fetch_list(made)
    assert (details["total_coupons"], details["available_coupons"]) == (2, 2)


def test_a_protected_file_is_fetched_with_its_credentials_and_they_are_shown_to_nobody(client, make_list, file_host):
    made = make_list()
    url = file_host.serve_codes(["A"], user="ada", password="s3cret-of-the-host")
    file = client.upload_file(made, url, file_url_auth_username="ada", file_url_auth_password="s3cret-of-the-host")
    shown = [file, client.wait_for_file(made, file["_id"]), *client.fetch_files(made)]
    assert shown[1]["added_coupons"] == 1
    assert "s3cret" not in str(shown) and "auth" not in str(shown)

    refused = client.upload_file(made, url, file_url_auth_username="ada", file_url_auth_password="wrong")
    assert client.wait_for_file(made, refused["_id"])["status"] == "FAILED"


def test_lists_are_found_by_their_status(client, make_list):
    active, archived = make_list(), make_list()
    client.archive_list(archived)
    found = {status: {item["_id"]: item["status"] for item in client.fetch_lists(status)}
             for status in ["ACTIVE", "ARCHIVED", "EXPIRED", None]}
    assert found["ACTIVE"].get(active) == "ACTIVE" and archived not in found["ACTIVE"]
    assert found["ARCHIVED"].get(archived) == "ARCHIVED" and active not in found["ARCHIVED"]
    assert not {active, archived} & found["EXPIRED"].keys()
    assert {active, archived} <= found[None].keys()


def test_an_update_changes_what_it_names(client, make_list):
    made = make_list(email_alert_subscribers=["john.doe@example.com"], alert_conditions={"success_alert": True})
    before = client.fetch_list(made)
    changed = client.update_list(made, name=before["name"] + ", new", expires_at=day(30),
                                 alert_conditions={"failure_alert": True})
    assert (changed["name"], changed["label"]) == (before["name"] + ", new", before["label"])
    assert changed["expires_at"] == day(30) + "T23:59:00.000Z"
    assert changed["email_alert_subscribers"] == ["john.doe@example.com"]
    assert (changed["alert_conditions"]["success_alert"], changed["alert_conditions"]["failure_alert"]) == (True, True)
    assert client.fetch_list(made)["personalization_snippet"] == before["personalization_snippet"]


def test_an_archived_list_comes_back_without_its_codes(client, make_list, load):
    made = make_list()
    load(made, ["A", "B"])
    client.archive_list(made)
    archived = client.fetch_list(made)
    assert (archived["status"], archived["available_coupons"]) == ("ARCHIVED", 0)
    with pytest.raises(CouponError) as refused:
        client.upload_file(made, "http://127.0.0.1/codes.csv")
    assert (refused.value.status, refused.value.code) == (400, "invalid-request")
    client.activate_list(made, day(30))
    active = client.fetch_list(made)
    assert (active["status"], active["available_coupons"], active["expires_at"]) == (
        "ACTIVE", 0, day(30) + "T23:59:00.000Z")


def test_an_update_brings_an_archived_list_back_and_one_that_changes_nothing_does_not(client, make_list):
    made = make_list()
    client.archive_list(made)
    assert client.update_list(made)["status"] == "ARCHIVED"
    assert client.update_list(made, alert_conditions={"success_alert": True})["status"] == "ACTIVE"


def test_archiving_and_activating_twice_is_no_error(client, make_list):
    made = make_list()
    for _ in range(2):
        client.archive_list(made)
    for _ in range(2):
        client.activate_list(made, day(30))
    assert client.fetch_list(made)["status"] == "ACTIVE"


def test_a_list_may_end_today_but_not_yesterday(client, make_list):
    made = make_list(expires_at=day(0))
    for call, arguments, code in [(make_list, [], "invalid-request"), (client.update_list, [made], "invalid-request"),
                                  (client.activate_list, [made], "bad-request")]:
        with pytest.raises(CouponError) as refused:
            call(*arguments, expires_at=day(-1))
        assert (refused.value.status, refused.value.code) == (400, code)
    assert client.fetch_list(made)["expires_at"] == day(0) + "T23:59:00.000Z"


def test_codes_that_the_list_has_or_had_are_left_out(client, make_list, load, take):
    made = make_list()
    first = load(made, ["A", "B"])
    taken = take(made, "ada")[0]["coupon_code"]
    client.delete_file(made, first["_id"])
    again = load(made, ["A", "B", "C"])
    assert (again["status"], again["added_coupons"]) == ("SUCCESS", 2)
    assert taken not in {item["coupon_code"] for item in take(made, "bob", "eve")}
    assert load(make_list(), ["A"])["added_coupons"] == 1, "another list may have it"


def test_a_deleted_file_is_seen_no_more_and_keeps_what_was_handed_out(client, make_list, load, take):
    made = make_list()
    file = load(made, ["A", "B", "C"])
    taken = take(made, "ada")[0]
    client.delete_file(made, file["_id"])
    assert client.fetch_files(made) == []
    for again in [client.fetch_file, client.delete_file]:
        with pytest.raises(CouponError) as refused:
            again(made, file["_id"])
        assert (refused.value.status, refused.value.code) == (404, "not-found")
    details = client.fetch_list(made)
    assert (details["total_coupons"], details["available_coupons"]) == (1, 0)
    assert take(made, "ada")[0]["coupon_code"] == taken["coupon_code"]
