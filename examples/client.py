#!/usr/bin/env python3
"""A client of the MoEngage Coupon Management API in Python's standard library.

It uses nothing but what that API documents, so it works with every server that speaks it. As a script it goes through
the life of a coupon list:

    export URL=http://127.0.0.1:8080 WORKSPACE=… KEY=…
    examples/client.py https://files.example.com/codes.csv jane@example.com
"""
import base64
import datetime
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import NamedTuple, Optional


class RateLimit(NamedTuple):
    """What the three `x-ratelimit-…` headers say; `reset` is in UTC epoch seconds."""

    limit: int
    remaining: int
    reset: int


class CouponError(Exception):
    """An answer that is no success. Programs tell errors apart by `code`; a 429 has none, since it has no body."""

    def __init__(self, status: int, code: Optional[str], message: str, rate_limit: Optional[RateLimit],
                 retry_after: Optional[int]):
        super().__init__(f"{status} {code or ''}: {message}")
        self.status, self.code, self.message = status, code, message
        self.rate_limit, self.retry_after = rate_limit, retry_after


class CouponClient:
    """The eleven documented endpoints, one method each. Not for several threads at once: give each its own."""

    def __init__(self, base_url: str, workspace_id: str, api_key: str, timeout: float = 30):
        self._base = base_url.rstrip("/") + "/v1"
        self._headers = {
            "Authorization": "Basic " + base64.b64encode(f"{workspace_id}:{api_key}".encode()).decode(),
            # The sources disagree whether creating a list needs it; sending it is right either way.
            "MOE-APPKEY": workspace_id,
            "Accept": "application/json",
        }
        self._timeout = timeout
        #: Of the last answer; None where the server sent no such headers.
        self.rate_limit: Optional[RateLimit] = None

    # Lists

    def create_list(self, name: str, label: str, expires_at: str, created_by: str, **optional) -> dict:
        """Optional: `email_alert_subscribers`, `alert_conditions`. `expires_at` is `yyyy-mm-dd`."""
        body = {"name": name, "label": label, "expires_at": expires_at, "created_by": created_by, **optional}
        return self.request("POST", "/coupon-list", body)

    def fetch_lists(self, status: Optional[str] = None) -> list:
        """`status` is `ACTIVE`, `ARCHIVED` or `EXPIRED`."""
        query = "?" + urllib.parse.urlencode({"status": status}) if status else ""
        return self.request("GET", "/coupon-list" + query)["data"]

    def fetch_list(self, list_id: str) -> dict:
        return self.request("GET", _path(list_id))

    def update_list(self, list_id: str, **changes) -> dict:
        """`name`, `expires_at`, `email_alert_subscribers`, `alert_conditions`: those that are to change."""
        return self.request("PATCH", _path(list_id), changes)

    def activate_list(self, list_id: str, expires_at: str) -> None:
        self.request("PUT", _path(list_id) + "/activate", {"expires_at": expires_at})

    def archive_list(self, list_id: str) -> None:
        """Takes the list's remaining codes away for good."""
        self.request("PUT", _path(list_id) + "/archive")

    # Files

    def upload_file(self, list_id: str, file_url: str, **optional) -> dict:
        """The server fetches the file itself. Optional: `name`, `created_by`, `callback_url`,
        `file_url_auth_username`, `file_url_auth_password`."""
        return self.request("POST", _path(list_id) + "/files", {"file_url": file_url, **optional})

    def fetch_files(self, list_id: str) -> list:
        return self.request("GET", _path(list_id) + "/files")["data"]

    def fetch_file(self, list_id: str, file_id: str) -> dict:
        return self.request("GET", _path(list_id, file_id))

    def delete_file(self, list_id: str, file_id: str) -> None:
        self.request("DELETE", _path(list_id, file_id))

    # Reports

    def generate_usage_report(self, list_id: str, start_date: str, end_date: str, email_subscribers: list) -> str:
        """The report comes by mail; the answer is a sentence that says so. Dates are `yyyy-mm-dd`, both inclusive."""
        body = {"start_date": start_date, "end_date": end_date, "email_subscribers": email_subscribers}
        return self.request("POST", _path(list_id) + "/usage-report", body)["message"]

    # Beyond the endpoints

    def wait_for_file(self, list_id: str, file_id: str, patience: float = 600, pause: float = 0.2) -> dict:
        """Asks for the file until it is no longer PENDING. Its other states are not documented: look at
        `added_coupons` for how many codes were taken in."""
        deadline = time.monotonic() + patience
        while (file := self.fetch_file(list_id, file_id))["status"] == "PENDING":
            if time.monotonic() > deadline:
                raise TimeoutError(f"the file {file_id} is still PENDING after {patience:g} s")
            time.sleep(pause)
            pause = min(pause * 1.5, 5)  # a day has 10,000 of these requests
        return file

    def request(self, method: str, path: str, body: Optional[dict] = None):
        """Any request below `/v1`; answers the JSON, or None where there is none. Raises `CouponError`."""
        headers = dict(self._headers)
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        request = urllib.request.Request(self._base + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as answer:
                self.rate_limit = _rate_limit(answer.headers)
                text = answer.read()
        except urllib.error.HTTPError as answer:
            with answer:
                self.rate_limit = _rate_limit(answer.headers)
                raise _error(answer, self.rate_limit) from None
        return json.loads(text) if text else None


def _path(list_id: str, file_id: Optional[str] = None) -> str:
    path = "/coupon-list/" + urllib.parse.quote(list_id, safe="")
    return path if file_id is None else f"{path}/files/{urllib.parse.quote(file_id, safe='')}"


def _rate_limit(headers) -> Optional[RateLimit]:
    values = [headers.get("x-ratelimit-" + name) for name in RateLimit._fields]
    return None if None in values else RateLimit(*map(int, values))


def _error(answer: urllib.error.HTTPError, rate_limit: Optional[RateLimit]) -> CouponError:
    try:
        error = json.loads(answer.read())["error"]
        code, message = error["code"], error["message"]
    except (ValueError, KeyError, TypeError):  # no body, or a proxy's
        code, message = None, answer.reason
    retry_after = answer.headers.get("Retry-After", "")
    return CouponError(answer.code, code, message, rate_limit, int(retry_after) if retry_after.isdigit() else None)


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    file_url, address = sys.argv[1:]
    client = CouponClient(os.environ["URL"], os.environ["WORKSPACE"], os.environ["KEY"])
    today = datetime.datetime.now(datetime.timezone.utc).date()
    next_year = str(today + datetime.timedelta(days=365))
    # Names and labels are unique.
    number = time.strftime("%Y%m%d%H%M%S") + f"-{os.getpid()}"

    made = client.create_list(f"Example {number}", f"example-{number}", next_year, "examples/client.py",
                              email_alert_subscribers=[address],
                              alert_conditions={"success_alert": True, "failure_alert": True})
    list_id = made["_id"]
    print(f"created: {made['name']}, {list_id}, {made['status']}")

    file_id = client.upload_file(list_id, file_url, name="first batch", created_by="examples/client.py")["_id"]
    print(f"uploaded: {file_url}, {file_id}")
    file = client.wait_for_file(list_id, file_id)
    print(f"loaded: {file['status']}, {file['added_coupons']} codes")

    print(f"lists: {len(client.fetch_lists('ACTIVE'))} are active")
    details = client.fetch_list(list_id)
    print(f"details: {details['available_coupons']} of {details['total_coupons']} codes are left, "
          f"put {details['personalization_snippet']} into a message")
    print(f"files: {[file['name'] for file in client.fetch_files(list_id)]}")

    print(f"renamed: {client.update_list(list_id, name=f'Example {number}, renamed')['name']}")
    print(f"report: {client.generate_usage_report(list_id, str(today), str(today), [address])}")

    client.delete_file(list_id, file_id)
    print(f"deleted: {len(client.fetch_files(list_id))} files are left")
    client.archive_list(list_id)
    print(f"archived: {client.fetch_list(list_id)['status']}")
    client.activate_list(list_id, next_year)
    print(f"activated: {client.fetch_list(list_id)['status']}")


if __name__ == "__main__":
    try:
        main()
    except CouponError as error:
        sys.exit(f"refused: {error}")
