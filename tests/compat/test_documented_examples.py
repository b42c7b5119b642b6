"""The documentation's literal examples: what they hold, key by key, and the texts of its errors."""
import json
import re
import urllib.error
import urllib.request
import uuid

import pytest

from client import CouponClient, CouponError
from days import day
from peers.server import WORKSPACE, authorization

CREATED = {"name", "label", "expires_at", "created_by", "email_alert_subscribers", "alert_conditions", "status", "_id"}
DETAILS = {"name", "label", "expires_at", "status", "total_coupons", "created_at", "updated_at",
           "email_alert_subscribers", "alert_conditions", "available_coupons", "personalization_snippet", "created_by",
           "_id"}
UPDATED = DETAILS - {"personalization_snippet"}
UPLOADED = {"name", "file_url", "created_by", "status", "coupons_list_id", "_id"}
FILE = {"coupon_list_id", "name", "status", "file_url", "created_by", "created_at", "updated_at", "_id",
        "added_coupons"}

ALERTS = {"success_alert": True, "failure_alert": True, "expiry_alert": {"alert": True, "days_before": 1},
          "coupon_shortage_alert": {"alert": True, "threshold_count": 10}}
UNKNOWN = "6721d00eefc476c0f67e0d05"

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture(scope="module")
def own_client(server):
    """Of a workspace in which the documentation's literal names are free."""
    return CouponClient(server.url, *server.new_workspace())


def test_create_answers_the_literal_example(own_client):
    made = own_client.create_list("Example Name", "Sample Label", day(10), "John",
                                  email_alert_subscribers=["john.doe@example.com"], alert_conditions=ALERTS)
    assert re.fullmatch("[0-9a-f]{24}", made.pop("_id"))
    assert made == {"name": "Example Name", "label": "Sample Label", "expires_at": day(10) + "T23:59:00",
                    "created_by": "John", "email_alert_subscribers": ["john.doe@example.com"],
                    "alert_conditions": ALERTS, "status": "ACTIVE"}
    assert list(made["alert_conditions"]) == list(ALERTS)


def test_details_have_the_keys_of_the_literal_example(own_client):
    alerts = {**ALERTS, "expiry_alert": {"alert": True, "days_before": 100},
              "coupon_shortage_alert": {"alert": True, "threshold_count": 100}}
    made = own_client.create_list("signup coupons", "signup_coupons", day(10), "test_user",
                                  email_alert_subscribers=["john.doe@example.com"], alert_conditions=alerts)
    details = own_client.fetch_list(made["_id"])
    assert details.keys() == DETAILS
    assert details["personalization_snippet"] == "{{Coupons.CouponListName[signup_coupons]}}"
    assert (details["alert_conditions"], details["_id"]) == (alerts, made["_id"])
    assert all(INSTANT.fullmatch(details[key]) for key in ["expires_at", "created_at", "updated_at"])
    assert (details["total_coupons"], details["available_coupons"]) == (0, 0)


def test_what_was_not_given_is_answered_too(client):
    own = uuid.uuid4().hex
    made = client.create_list(own, own, day(10), "John")
    assert made.keys() == CREATED
    assert made["email_alert_subscribers"] == []
    alerts = made["alert_conditions"]
    assert alerts.keys() == ALERTS.keys()
    assert (alerts["success_alert"], alerts["expiry_alert"], alerts["coupon_shortage_alert"]) == (
        False, {"alert": False, "days_before": 0}, {"alert": False, "threshold_count": 0})


def test_fetch_all_and_update_have_their_documented_keys(client, make_list):
    made = make_list()
    item = next(item for item in client.fetch_lists() if item["_id"] == made)
    assert item.keys() == DETAILS
    assert isinstance(item["email_alert_subscribers"], list)
    assert client.update_list(made, created_by="ignored", label="ignored").keys() == UPDATED
    assert client.fetch_list(made) == item


def test_file_answers_have_their_documented_keys(client, make_list, file_host, callbacks):
    made = make_list()
    callback_url, _ = callbacks.place()
    plain = client.upload_file(made, file_host.serve_codes(["A"], name="codes.csv"))
    url = file_host.serve_codes(["B"])
    named = client.upload_file(made, url, name="batch 1", created_by="John", callback_url=callback_url)
    assert plain.keys() == named.keys() == UPLOADED
    assert (plain["name"], plain["created_by"]) == ("codes.csv", "")
    assert (named["name"], named["created_by"], named["file_url"], named["coupons_list_id"]) == (
        "batch 1", "John", url, made)
    for file in plain, named:
        fetched = client.wait_for_file(made, file["_id"])
        assert fetched.keys() == FILE
        assert fetched["coupon_list_id"] == made
        assert INSTANT.fullmatch(fetched["created_at"]) and INSTANT.fullmatch(fetched["updated_at"])
    items = {item["_id"]: item for item in client.fetch_files(made)}
    assert items[plain["_id"]].keys() == FILE
    assert items[named["_id"]].keys() == FILE | {"callback_url"}
    assert items[named["_id"]]["callback_url"] == callback_url


def test_a_file_that_failed_or_left_rows_out_says_more(client, make_list, file_host, load):
    made = make_list()
    with_duplicate = load(made, ["A", "B", "A"])
    assert with_duplicate.keys() == FILE | {"details"}
    assert with_duplicate["details"]["duplicates"] == 1
    failed = client.upload_file(made, file_host.serve("No such column\r\nA\r\n"))
    failed = client.wait_for_file(made, failed["_id"])
    assert (failed["status"], failed["added_coupons"]) == ("FAILED", 0)
    assert failed["details"]["reason"].startswith("header 'Coupon Code' not found")


def test_the_official_sample_file_is_taken_in_whole(client, make_list, file_host):
    codes = ["WERT-NBVC", "ERTY-BVCX", "RTYU-VCXZ", "TYUI-CXZL", "YUIO-XZLK", "UIOP-ZLKJ", "IOPA-LKJH", "OPAS-KJHG",
             "PASD-JHGF", "ASDF-HGFD"]
    sample = "\r\n".join(["Coupon Code"] + ["BF20-" + code for code in codes])  # no line break at its end
    made = make_list()
    file = client.upload_file(made, file_host.serve(sample))
    assert client.wait_for_file(made, file["_id"])["added_coupons"] == 10


def test_the_usage_report_answers_the_literal_sentence(client, make_list, address):
    made = make_list()
    name = client.fetch_list(made)["name"]
    assert client.generate_usage_report(made, day(0), day(0), [address]) == (
        f"The usage report for the {name} coupons is being processed and will be sent to email alert subscribers "
        "shortly.")


def refusal(call, *arguments, **fields):
    with pytest.raises(CouponError) as refused:
        call(*arguments, **fields)
    return refused.value.status, refused.value.code, refused.value.message


def test_duplicates_are_told_apart(client):
    first, second = uuid.uuid4().hex, uuid.uuid4().hex
    client.create_list(first, first, day(10), "John")
    other = client.create_list(second, second, day(10), "John")["_id"]
    same_name = (400, "duplicate-coupon-list-name",
                 "The coupon list name already exists. Please enter a unique name and try again.")
    assert refusal(client.create_list, first, "other " + first, day(10), "John") == same_name
    assert refusal(client.update_list, other, name=first) == same_name
    assert refusal(client.create_list, first, first, day(10), "John") == same_name
    assert refusal(client.create_list, "other " + first, first, day(10), "John") == (
        400, "duplicate-coupon-list-label",
        "The coupon list label already exists. Please enter a unique label and try again.")


def test_a_missing_key_is_named_where_that_is_documented(client, make_list):
    made = make_list()
    assert refusal(client.request, "POST", "/coupon-list", {"name": "x"}) == (
        400, "missing-mandatory-attributes", "Missing mandatory key. Please verify and try again.")
    assert refusal(client.request, "PUT", f"/coupon-list/{made}/activate", {}) == (
        400, "missing-mandatory-attributes", "Missing mandatory key 'expires_at'. Please verify and try again.")


def test_file_urls_are_one_and_not_empty(client, make_list):
    made = make_list()
    empty = (400, "invalid-request",
             "The 'file_url' can not be empty. Please provide the coupon file url and try again.")
    several = (400, "invalid-request",
               "Multiple file urls are not permitted. Please select one file url and try again.")
    assert refusal(client.upload_file, made, "") == empty
    assert refusal(client.request, "POST", f"/coupon-list/{made}/files", {"name": "x"}) == empty
    assert refusal(client.upload_file, made, ["http://a.example/1", "http://a.example/2"]) == several
    assert refusal(client.upload_file, made, "http://a.example/1,http://a.example/2") == several


def test_report_dates_are_checked(client, make_list, address):
    made = make_list()
    assert refusal(client.generate_usage_report, made, day(-1), day(0), [address]) == (
        400, "invalid-request",
        "The start date cannot be earlier than the coupon list creation date. Please verify your dates and try again.")
    assert refusal(client.generate_usage_report, made, day(0), day(1), [address]) == (
        400, "invalid-request",
        "The end date cannot be set in the future. Please verify the dates and try again.")


def test_a_bad_status_is_a_bad_request(client):
    for status in "active", "DELETED":
        assert refusal(client.fetch_lists, status)[:2] == (400, "bad-request")


@pytest.mark.parametrize("list_id", [UNKNOWN, "nonsense", "6721D00EEFC476C0F67E0D05", "%00", "a/b", "ü"])
def test_an_unknown_list_is_not_found_on_every_endpoint(client, list_id):
    calls = [(client.fetch_list,), (client.activate_list, day(1)), (client.archive_list,), (client.fetch_files,),
             (client.upload_file, "http://a.example/1"), (client.fetch_file, UNKNOWN), (client.delete_file, UNKNOWN),
             (client.generate_usage_report, day(0), day(0), ["a@example.com"])]
    for call, *arguments in calls:
        assert refusal(call, list_id, *arguments) == (
            404, "coupon-list-not-found",
            "The specified coupon list ID was not found. Please verify the ID and try again.")
    assert refusal(client.update_list, list_id, name="x")[:2] == (404, "coupon-list-not-found")


def test_an_unknown_file_is_not_found(client, make_list):
    made = make_list()
    for call in client.fetch_file, client.delete_file:
        for file_id in UNKNOWN, "nonsense":
            assert refusal(call, made, file_id) == (404, "not-found", "The requested resource was not found.")


def test_another_workspace_s_list_is_not_found(own_client, make_list):
    assert refusal(own_client.fetch_list, make_list())[:2] == (404, "coupon-list-not-found")


PLEASE = "Your request is unauthorized. Please verify your credentials and try again."
PLAIN = "Your request is unauthorized. Verify your credentials and try again."


@pytest.mark.parametrize("method, path, text", [
    ("POST", "/coupon-list", PLEASE),
    ("GET", "/coupon-list", PLAIN),
    ("GET", f"/coupon-list/{UNKNOWN}", PLAIN),
    ("PATCH", f"/coupon-list/{UNKNOWN}", PLAIN),
    ("PUT", f"/coupon-list/{UNKNOWN}/activate", PLAIN),
    ("PUT", f"/coupon-list/{UNKNOWN}/archive", PLEASE),
    ("POST", f"/coupon-list/{UNKNOWN}/files", PLEASE),
    ("GET", f"/coupon-list/{UNKNOWN}/files", None),
    ("GET", f"/coupon-list/{UNKNOWN}/files/{UNKNOWN}", PLEASE),
    ("DELETE", f"/coupon-list/{UNKNOWN}/files/{UNKNOWN}", PLEASE),
    ("POST", f"/coupon-list/{UNKNOWN}/usage-report", PLEASE),
])
def test_wrong_credentials_are_refused_with_the_endpoint_s_own_text(server, method, path, text):
    status, code, message = refusal(server.client(key="wrong").request, method, path, {} if method != "GET" else None)
    assert (status, code) == (401, "request-unauthenticated")
    assert message == text or text is None and message in (PLEASE, PLAIN)


def test_the_app_key_may_be_absent_but_not_another_workspace_s(server):
    def status(**headers):
        request = urllib.request.Request(server.url + "/v1/coupon-list", headers={**authorization(), **headers})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, list(json.load(answer))
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)["error"]["code"]

    assert status() == (200, ["data"])
    assert status(**{"MOE-APPKEY": WORKSPACE}) == (200, ["data"])
    assert status(**{"MOE-APPKEY": "another"}) == (401, "request-unauthenticated")
