"""Usage reports, as they come by mail: section 7 of the wire contract."""
import csv
import datetime
import io
import re
import urllib.request

import pytest

from days import day
from peers import wait_for
from peers.server import authorization

HEADER = ["Channel", "Campaign ID", "Campaign Name", "Campaign Sent Time", "Delivery Type", "Moengage ID",
          "Coupon Code", "Coupon Addition Date", "Coupon List Label"]
FORMULAS = ["=1+1", "+1-1", "-5", "@SUM(A1)", "=cmd|' /C calc'!A0", '=HYPERLINK("http://a.example")', "=1,2", "a;=1+1",
            "a; -1;x", "\uff1d1+1"]
QUOTED = ['say ""hi""', "a,b", "semi;colon", "Zoë-🎉", "two words", "'quoted'"]


def as_csv(cell):
    return '"' + cell.replace('"', '""') + '"'


def rows_of(attached):
    """The report's cells; insists on UTF-8 and CRLF."""
    # With the mark that tells a spreadsheet the encoding.
    assert attached.startswith(b"\xef\xbb\xbf")
    text = attached.decode("utf-8-sig")
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "") and "\r" not in text.replace("\r\n", "")
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def inert(cell):
    """As a cell is written that a spreadsheet would take for a formula."""
    return re.sub(r'(^|[;|\t])(?=["\s]*[=+\-@\uff1d\uff0b\uff0d\uff20])', r"\1'", cell)


def mailed_report(client, mail_host, list_id, *addresses):
    client.generate_usage_report(list_id, day(0), day(0), list(addresses))
    return mail_host.wait_for_mail(addresses[0], "Usage report of ")


@pytest.fixture
def report(client, mail_host, address):
    """Has a report of the list built and mailed, and answers its rows."""

    def report(list_id):
        mail = mailed_report(client, mail_host, list_id, address)
        (_, attached), = mail.attachments()
        return rows_of(attached)

    return report


def test_a_report_has_exactly_the_documented_columns_and_what_was_handed_out(client, make_list, load, take, report):
    label = client.fetch_list(made := make_list())["label"]
    load(made, ["ABCD965210", "ABCD965211", "NOBODY-S"])
    campaign = {"id": "685a602fa9cec612342845f0", "name": 'New, "User" Discount', "channel": "Email",
                "delivery_type": "Event Triggered", "sent_at": "2025-01-07T00:00:00Z", "locale": "de", "variation": "B"}
    with_campaign = take(made, "63bd64e17380a1544c8310e8", campaign=campaign)[0]
    without = take(made, "u-2")[0]
    header, *rows = report(made)
    assert header == HEADER
    by_code = {row[6]: row for row in rows}
    assert len(rows) == len(by_code) == 2
    row = by_code[with_campaign["coupon_code"]]
    assert row[:7] + row[8:] == ["Email", campaign["id"], campaign["name"], "2025-01-07 00:00:00", "Event Triggered",
                                 "63bd64e17380a1544c8310e8", with_campaign["coupon_code"], label]
    added = datetime.datetime.strptime(row[7], "%Y-%m-%d %H:%M:%S").replace(tzinfo=datetime.timezone.utc)
    assert abs(datetime.datetime.now(datetime.timezone.utc) - added) < datetime.timedelta(minutes=5)
    assert by_code[without["coupon_code"]] == ["", "", "", "", "", "u-2", without["coupon_code"], row[7], label]


def test_no_cell_is_a_formula_and_every_value_is_what_was_handed_out(client, make_list, file_host, take, report):
    codes = [code.replace('""', '"') for code in FORMULAS + QUOTED]
    made = make_list(label="=2*3 " + client.fetch_list(make_list())["name"])
    file = client.upload_file(made, file_host.serve("Coupon Code\n" + "".join(as_csv(code) + "\n" for code in codes)))
    assert client.wait_for_file(made, file["_id"])["added_coupons"] == len(codes)
    hostile = FORMULAS + QUOTED
    taken = {}
    for number, text in enumerate(hostile):
        user = f"{text} {number}"
        campaign = {"id": f"{text}{number}", "name": text, "channel": text, "delivery_type": text}
        taken[take(made, user, campaign=campaign)[0]["coupon_code"]] = (user, campaign)
    assert sorted(taken) == sorted(codes)

    header, *rows = report(made)
    assert header == HEADER
    for row in rows:
        assert len(row) == 9
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\0")) for cell in row)
    label = client.fetch_list(made)["label"]
    expected = []
    for code, (user, campaign) in taken.items():
        expected.append([inert(cell) for cell in [campaign["channel"], campaign["id"], campaign["name"], "",
                                                  campaign["delivery_type"], user, code, rows[0][7], label]])
    assert sorted(rows) == sorted(expected)


def test_rows_come_by_file_and_only_of_codes_that_stayed_out(client, make_list, load, take, report):
    made = make_list()
    load(made, [f"A-{n:03}" for n in range(150)])
    first = take(made, *(f"u{n}" for n in range(150)))
    load(made, [f"B-{n:03}" for n in range(150)])
    second = take(made, *(f"v{n}" for n in range(20)))
    take(made, "held", hold_seconds=600)
    client.archive_list(made)
    reported = [row[6] for row in report(made)[1:]]
    assert sorted(reported) == sorted(item["coupon_code"] for item in first + second)
    assert [code[0] for code in reported] == ["A"] * 150 + ["B"] * 20


def test_an_empty_report_is_mailed_with_its_header(make_list, report):
    assert report(make_list()) == [HEADER]


def test_a_message_goes_to_each_who_was_named(client, make_list, mail_host, address):
    second = "second." + address
    mail = mailed_report(client, mail_host, made := make_list(), address, second)
    assert mail.recipients == [address]
    assert mail.sender == "coupons@example.com"
    assert mail.message["From"] == "couponry <coupons@example.com>"
    assert mail.message["Message-ID"]
    assert mail.message["Content-Type"].content_type == "multipart/mixed"
    name = client.fetch_list(made)["name"]
    assert name in mail.subject and name in mail.text("plain") and name in mail.text("html")
    (file_name, _), = mail.attachments()
    assert file_name.endswith(".csv")
    other, = mail_host.wait_for_mails(second)
    assert other.recipients == [second]


def test_a_report_can_be_followed_and_downloaded(client, server, make_list, load, take, mail_host, address):
    made = make_list()
    load(made, ["A", "B"])
    take(made, "ada")
    mail = mailed_report(client, mail_host, made, address)
    listed, = client.request("GET", f"/coupon-list/{made}/usage-report")["data"]
    shown = wait_for("the report to be ready", lambda: (
        state := client.request("GET", f"/usage-report/{listed['_id']}"))["status"] != "PENDING" and state)
    assert (shown["status"], shown["_id"]) == ("READY", listed["_id"])
    url = f"{server.url}/v1/usage-report/{listed['_id']}/download"
    request = urllib.request.Request(url, headers=authorization())
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.headers.get_content_type() == "text/csv"
        downloaded = answer.read()
    (_, attached), = mail.attachments()
    assert downloaded == attached
