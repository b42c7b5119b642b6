"""Callbacks, verified by the library that the Standard Webhooks project publishes."""
import json

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from peers import wait_for


@pytest.fixture
def verify(client):
    """Verifies a call and answers its body; raises where the signature is not good."""
    secret = client.request("GET", "/webhook-secret")["secret"]
    return lambda call: Webhook(secret).verify(call.body, call.headers)


def first_of(calls, number=1):
    return wait_for(f"{number} callbacks", lambda: len(calls) >= number and calls)


def test_a_loaded_file_calls_back_signed_with_what_a_fetch_answers(client, make_list, file_host, callbacks, verify):
    seen = []
    made = make_list()
    url, calls = callbacks.place(before_answer=lambda body: seen.append(
        client.fetch_file(made, json.loads(body)["_id"])))
    file = client.upload_file(made, file_host.serve_codes(["A", "B"]), callback_url=url)
    call = first_of(calls)[0]
    told = verify(call)
    assert call.headers["content-type"].startswith("application/json")
    assert (told["_id"], told["status"], told["added_coupons"]) == (file["_id"], "SUCCESS", 2)
    assert told == {**client.fetch_file(made, file["_id"]), "coupons_list_id": made}
    assert seen == [client.fetch_file(made, file["_id"])], "the file was not final when it called back"


def test_a_failed_file_calls_back_too_and_says_why(client, make_list, file_host, callbacks, verify):
    made = make_list()
    url, calls = callbacks.place()
    file = client.upload_file(made, file_host.serve("Nothing\n"), callback_url=url)
    told = verify(first_of(calls)[0])
    assert (told["_id"], told["status"], told["added_coupons"]) == (file["_id"], "FAILED", 0)
    reason = told["details"]["reason"]
    assert reason.startswith("header 'Coupon Code' not found")
    fetched = client.fetch_file(made, file["_id"])
    # The line may be a code, which is for the workspace alone.
    assert fetched["details"]["reason"] == reason + "; the first line is 'Nothing'"
    told["details"]["reason"] = fetched["details"]["reason"]
    assert told == {**fetched, "coupons_list_id": made}


def test_a_callback_that_was_not_taken_comes_again_under_the_same_id(client, make_list, file_host, callbacks, verify):
    made = make_list()
    url, calls = callbacks.place(answers=[500, 302])
    client.upload_file(made, file_host.serve_codes(["A"]), callback_url=url)
    tries = first_of(calls, 3)
    bodies = [verify(call) for call in tries]
    assert len({call.headers["webhook-id"] for call in tries}) == 1
    assert bodies[0] == bodies[1] == bodies[2]


def test_each_file_has_an_id_of_its_own_and_is_told_once(client, make_list, file_host, callbacks, verify):
    made = make_list()
    url, calls = callbacks.place()
    files = {client.upload_file(made, file_host.serve_codes([f"A-{n}"]), callback_url=url)["_id"] for n in range(3)}
    told = [verify(call) for call in first_of(calls, 3)]
    assert {body["_id"] for body in told} == files and len(told) == 3
    assert len({call.headers["webhook-id"] for call in calls}) == 3


def test_a_callback_that_was_tampered_with_does_not_verify(client, make_list, file_host, callbacks, verify):
    url, calls = callbacks.place()
    client.upload_file(make_list(), file_host.serve_codes(["A"]), callback_url=url)
    call = first_of(calls)[0]
    verify(call)
    for forged in [call._replace(body=call.body.replace(b"SUCCESS", b"FAILED!")),
                   call._replace(headers={**call.headers, "webhook-id": "msg_other"})]:
        with pytest.raises(WebhookVerificationError):
            verify(forged)
