"""Alert mails, as they come to a real mail server: rows 39 and 40 of the wire contract's section 9."""
import re
import socket
import uuid

import pytest

from client import CouponError
from days import day
from peers import Database, MailHost, Server, relay, wait_for

OURS = ["auto-submitted", "content-type", "date", "from", "message-id", "mime-version", "subject", "to"]
HOSTILE = 'Évil\u202e <script>alert(1)</script> "&;,'


def shortage(threshold):
    return {"coupon_shortage_alert": {"alert": True, "threshold_count": threshold}}


def assert_well_formed(mail, *recipients):
    assert sorted(mail.recipients) == sorted(recipients)
    assert mail.sender == "coupons@example.com"
    assert mail.message["From"] == "couponry <coupons@example.com>"
    assert sorted(to.addr_spec for to in mail.message["To"].addresses) == sorted(recipients)
    assert re.fullmatch(r"<\S+@example\.com>", mail.message["Message-ID"])
    assert mail.header_names() == OURS
    # The words are there twice, as text and as a page, and the page fetches nothing.
    parts = [part.get_content_type() for part in mail.message.walk() if not part.is_multipart()]
    assert parts == ["text/plain", "text/html"]
    assert mail.message.get_content_type() == "multipart/alternative"
    assert mail.text("plain").strip() and "<html" in mail.text("html")
    assert not re.search(r"<(script|img|link|iframe)|\b(src|href)\s*=", mail.text("html"), re.IGNORECASE)
    # Relays may refuse longer lines, and a header line that is no header would begin the body.
    assert max(map(len, mail.raw.split(b"\r\n"))) <= 998
    assert not mail.message.defects


@pytest.fixture
def everything_was_told(make_list, load, mail_host):
    """Waits until all that is to be told by now has been mailed. Lists are looked at in turns: when a second list,
    made after the first was told of, is told of too, a whole turn has passed."""

    def wait():
        for _ in range(2):
            address = f"{uuid.uuid4().hex}@example.com"
            load(make_list(email_alert_subscribers=[address], alert_conditions=shortage(5)), ["A"])
            mail_host.wait_for_mails(address)

    return wait


def test_a_loaded_file_is_told_to_all_subscribers(client, make_list, load, mail_host, address, everything_was_told):
    second = "second." + address
    made = make_list(email_alert_subscribers=[address, second], alert_conditions={"success_alert": True})
    load(made, ["A", "B", "C"], name="may.csv")
    mail, = mail_host.wait_for_mails(address)
    assert_well_formed(mail, address)
    other, = mail_host.wait_for_mails(second)
    assert_well_formed(other, second)
    name = client.fetch_list(made)["name"]
    for text in mail.subject, mail.text("plain"), mail.text("html"):
        assert name in text and "may.csv" in text and "3" in text
    everything_was_told()
    assert len(mail_host.mails_to(address)) == len(mail_host.mails_to(second)) == 1


def test_a_failed_file_is_told_with_its_reason_and_a_loaded_one_is_not(client, make_list, load, file_host, mail_host,
                                                                    address, everything_was_told):
    made = make_list(email_alert_subscribers=[address], alert_conditions={"failure_alert": True})
    file = client.upload_file(made, file_host.serve("Nothing\n", name="june.csv"))
    reason = client.wait_for_file(made, file["_id"])["details"]["reason"]
    mail, = mail_host.wait_for_mails(address)
    assert_well_formed(mail, address)
    assert "june.csv" in mail.subject
    # The first line may be a code: only the workspace is told.
    told, _, first_line = reason.partition("; the first line is ")
    assert first_line == "'Nothing'"
    assert told in mail.text("plain") and "Nothing" not in mail.text("plain")
    load(made, ["A"])
    everything_was_told()
    assert len(mail_host.mails_to(address)) == 1


def test_a_shortage_is_told_once_at_each_crossing(make_list, load, take, mail_host, address, everything_was_told):
    made = make_list(email_alert_subscribers=[address], alert_conditions=shortage(5))
    everything_was_told()
    assert mail_host.mails_to(address) == [], "a list without a file is no shortage yet"
    load(made, [f"A-{n}" for n in range(6)])
    take(made, "u-1")
    everything_was_told()
    assert mail_host.mails_to(address) == [], "five of five are no shortage"
    take(made, "u-2")
    mail, = mail_host.wait_for_mails(address)
    assert_well_formed(mail, address)
    assert "4 codes" in mail.subject
    take(made, "u-3", "u-4")
    everything_was_told()
    assert len(mail_host.mails_to(address)) == 1, "told already"
    load(made, [f"B-{n}" for n in range(5)])
    everything_was_told()
    assert len(mail_host.mails_to(address)) == 1, "there is enough again"
    take(made, *(f"v-{n}" for n in range(3)))
    first, second = mail_host.wait_for_mails(address, 2)
    assert first.message["Message-ID"] != second.message["Message-ID"]
    everything_was_told()
    assert len(mail_host.mails_to(address)) == 2


def test_a_small_first_file_is_a_shortage(make_list, load, mail_host, address):
    load(make_list(email_alert_subscribers=[address], alert_conditions=shortage(5)), ["A", "B"])
    mail, = mail_host.wait_for_mails(address)
    assert "2 codes" in mail.subject


def test_an_expiry_is_reminded_of_from_the_day_that_was_asked_for(client, make_list, mail_host, address,
                                                               everything_was_told):
    alerts = {"expiry_alert": {"alert": True, "days_before": 3}}
    make_list(email_alert_subscribers=[address], alert_conditions=alerts, expires_at=day(4))
    near = make_list(email_alert_subscribers=[address], alert_conditions=alerts, expires_at=day(3))
    today = make_list(email_alert_subscribers=[address], alert_conditions=alerts, expires_at=day(0))
    everything_was_told()
    mails = mail_host.wait_for_mails(address, 2)
    everything_was_told()
    assert len(mail_host.mails_to(address)) == 2, "once a day, and not before the first day"
    for mail in mails:
        assert_well_formed(mail, address)
    subjects = sorted(mail.subject for mail in mails)
    assert subjects == [f"Expires in 3 days: {client.fetch_list(near)['name']}",
                        f"Expires today: {client.fetch_list(today)['name']}"]
    assert day(3) in "".join(mail.text("plain") for mail in mails)


def test_hostile_names_make_no_header_and_no_markup(client, load, file_host, mail_host, address):
    own = HOSTILE + uuid.uuid4().hex
    made = client.create_list(own, own, day(0), HOSTILE, email_alert_subscribers=[address], alert_conditions={
        "success_alert": True, "failure_alert": True, **shortage(5), "expiry_alert": {"alert": True, "days_before": 1}})
    load(made["_id"], ["A"], name=HOSTILE, created_by=HOSTILE)
    client.upload_file(made["_id"], file_host.serve("Nothing\n"), name=HOSTILE, created_by=HOSTILE)
    mails = mail_host.wait_for_mails(address, 4)
    assert len({mail.subject for mail in mails}) == 4
    for mail in mails:
        assert_well_formed(mail, address)
        assert "\u202e" not in mail.subject + mail.text("plain") + mail.text("html")
        assert "<script>alert(1)</script>" in mail.subject, "it is shown, as text"


def test_while_the_relay_is_away_mails_wait_and_nothing_else_does(file_host, address):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    database = Database()
    server = Server(database, COUPONRY_RATE_LIMITS="off", **relay(port))
    try:
        client = server.client()
        made = client.create_list("away", "away", day(9), "tests", email_alert_subscribers=[address],
                                  alert_conditions={"success_alert": True})["_id"]
        file = client.upload_file(made, file_host.serve_codes(["A"]))
        assert client.wait_for_file(made, file["_id"])["status"] == "SUCCESS"
        wait_for("the relay to be missed", lambda: "mail relay" in server.log())
        assert client.request("POST", f"/coupon-list/{made}/allocations", {"user_id": "u"})["coupon_code"] == "A"
        host = MailHost(port)
        try:
            mail, = host.wait_for_mails(address)
        finally:
            host.stop()
        assert_well_formed(mail, address)
    finally:
        server.stop()
        database.drop()


def test_a_name_that_looks_encoded_is_shown_as_it_is(client, load, mail_host, address):
    # It would be decoded by whoever reads the mail, and so bring in what is written out elsewhere.
    own = "=?utf-8?q?=E2=80=AEgpj=0D=0A?= " + uuid.uuid4().hex
    made = client.create_list(own, own.strip("="), day(9), "tests", email_alert_subscribers=[address],
                              alert_conditions={"success_alert": True})
    load(made["_id"], ["A"])
    mail, = mail_host.wait_for_mails(address)
    assert own in mail.subject
    assert "\u202e" not in mail.subject


@pytest.mark.parametrize("value", ["a\r\nBcc: eve@example.com", "a\nb", "a\0b"])
def test_line_breaks_do_not_even_come_in(client, make_list, value):
    made = make_list()
    with pytest.raises(CouponError) as refused:
        client.create_list(value, uuid.uuid4().hex, day(1), "x")
    assert (refused.value.status, refused.value.code) == (400, "invalid-request")
    for fields in {"name": value}, {"email_alert_subscribers": [value + "@example.com"]}, {
            "email_alert_subscribers": ["a@example.com" + value]}:
        with pytest.raises(CouponError) as refused:
            client.update_list(made, **fields)
        assert (refused.value.status, refused.value.code) == (400, "invalid-request")
