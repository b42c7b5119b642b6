#!/usr/bin/env python3
"""Takes codes through a deployment's door while commands hurt it, then holds every answer against what is there.

    URL=https://localhost WORKSPACE=… KEY=… deploy/dev/outage.py [--seconds 60] [--clients 16]
        [--at 10 'docker kill …'] [--at 30 'docker compose … restart postgres'] [--ca FILE]

A client asks with a request id of its own, and asks again with the same one until it is answered with a code, as senders
are told to. The codes come from a file that is loaded by hand. Only addresses of this machine are asked. Exits with 1 if a
code went to two ids, an id has another code than was answered, or more codes are gone than were asked for.
"""
import argparse, base64, collections, concurrent.futures, http.client, json, os, ssl, subprocess, sys, threading, time
import urllib.parse, uuid

arguments = argparse.ArgumentParser()
arguments.add_argument("--seconds", type=float, default=60)
arguments.add_argument("--clients", type=int, default=16)
arguments.add_argument("--codes", type=int, default=300_000)
arguments.add_argument("--at", nargs=2, action="append", default=[], metavar=("SECOND", "COMMAND"))
arguments.add_argument("--ca", help="the authority of the door's certificate")
wanted = arguments.parse_args()

door = urllib.parse.urlsplit(os.environ["URL"])
if door.hostname not in ("localhost", "127.0.0.1", "::1"):
    sys.exit(f"{door.hostname} is another machine: this hurts what it measures")
KEY = base64.b64encode(f"{os.environ['WORKSPACE']}:{os.environ['KEY']}".encode()).decode()
HEADERS = {"Authorization": f"Basic {KEY}", "Content-Type": "application/json"}
PATIENCE = 10
tls = ssl.create_default_context(cafile=wanted.ca) if door.scheme == "https" else None


class Client:
    """One connection, opened again when it is lost."""

    def __init__(self):
        self.connection = None

    def ask(self, method, path, body=None, headers=HEADERS):
        """The status and the JSON; in the place of a status a word for why there is no answer."""
        try:
            if self.connection is None:
                self.connection = (http.client.HTTPSConnection(door.hostname, door.port, timeout=PATIENCE, context=tls) if tls
                                   else http.client.HTTPConnection(door.hostname, door.port, timeout=PATIENCE))
            data = body if isinstance(body, bytes) or body is None else json.dumps(body)
            self.connection.request(method, "/v1" + path, data, headers)
            answer = self.connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            if self.connection:
                self.connection.close()
            self.connection = None
            return type(error).__name__, None
        try:
            return answer.status, json.loads(text or b"null")
        except ValueError:
            return answer.status, None  # the proxy's own page

    def insist(self, method, path, body=None, headers=HEADERS):
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            status, answer = self.ask(method, path, body, headers)
            if status in (200, 201):
                return answer
            if status in (400, 401, 403, 404, 409):
                sys.exit(f"{method} {path} was answered {status}: {answer}")
            time.sleep(0.05)
        sys.exit(f"{method} {path} was not answered for two minutes")


def make_list(client):
    name = f"outage-{uuid.uuid4().hex[:12]}"
    made = client.insist("POST", "/coupon-list", {"name": name, "label": name, "expires_at": "2099-12-31", "created_by": "outage"})
    path = f"/coupon-list/{made['_id']}"
    codes = "Coupon Code\r\n" + "".join(f"{name}-{number:07}\r\n" for number in range(wanted.codes))
    edge = uuid.uuid4().hex
    form = (f"--{edge}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"codes.csv\"\r\n"
            f"Content-Type: text/csv\r\n\r\n{codes}\r\n--{edge}--\r\n").encode()
    upload = {**HEADERS, "Content-Type": f"multipart/form-data; boundary={edge}"}
    file = client.insist("POST", f"{path}/files/upload", form, upload)["_id"]
    while (state := client.insist("GET", f"{path}/files/{file}"))["status"] == "PENDING":
        time.sleep(0.2)
    if state["added_coupons"] != wanted.codes:
        sys.exit(f"the file was not loaded: {state}")
    return path


class Tally:
    def __init__(self):
        self.lock = threading.Lock()
        self.answers = collections.Counter()
        self.codes, self.ids, self.again = {}, 0, 0
        self.successes, self.waits = [], []


def take(path, tally, end):
    client = Client()
    while time.monotonic() < end:
        request = uuid.uuid4().hex
        began, tries = time.monotonic(), 0
        while True:
            status, answer = client.ask("POST", f"{path}/allocations", {"user_id": f"user-{request}", "request_id": request})
            tries += 1
            with tally.lock:
                tally.answers[status] += 1
            if status in (200, 201):
                break
            if time.monotonic() > end + 60:
                return  # asked for, and never answered: `ids` counts it below, `codes` does not
            time.sleep(0.05)
        now = time.monotonic()
        with tally.lock:
            tally.ids += 1
            tally.again += tries > 1
            tally.codes[request] = answer["coupon_code"]
            tally.successes.append(now)
            tally.waits.append(now - began)


def hurt(second, command, began):
    time.sleep(max(0, began + float(second) - time.monotonic()))
    print(f"{time.monotonic() - began:6.1f} s  {command}", flush=True)
    done = subprocess.run(command, shell=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        print(f"          ended with {done.returncode}: {done.stderr.strip()}", flush=True)


def main():
    client = Client()
    path = make_list(client)
    tally, began = Tally(), time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(wanted.clients + len(wanted.at)) as pool:
        work = [pool.submit(take, path, tally, began + wanted.seconds) for _ in range(wanted.clients)]
        work += [pool.submit(hurt, second, command, began) for second, command in wanted.at]
        for part in work:
            part.result()

    details = client.insist("GET", path)
    gone = details["total_coupons"] - details["available_coupons"]
    problems = []
    if len(set(tally.codes.values())) != len(tally.codes):
        problems.append("a code went to two ids")
    keys = list(tally.codes)
    for start in range(0, len(keys), 5_000):
        part = keys[start:start + 5_000]
        recipients = [{"user_id": f"user-{key}", "request_id": key} for key in part]
        items = client.insist("POST", f"{path}/allocations/batch", {"recipients": recipients})["data"]
        problems += [f"{key}: had {tally.codes[key]}, now {item.get('coupon_code')}"
                     for key, item in zip(part, items) if item.get("coupon_code") != tally.codes[key]][:5]
    if gone > tally.ids + wanted.clients or gone < len(tally.codes):
        problems.append(f"{gone} codes are gone for {tally.ids} ids")

    times = [began] + sorted(tally.successes)
    gaps = [(after - before, before - began) for before, after in zip(times, times[1:])]
    longest, at = max(gaps)
    waits = sorted(tally.waits)
    print(f"{sum(tally.answers.values()):,} requests: " +
          ", ".join(f"{status} {count:,}" for status, count in sorted(tally.answers.items(), key=str)))
    print(f"{len(tally.codes):,} codes acknowledged, {gone:,} taken, {tally.again:,} ids were asked for more than once")
    print(f"longest time without any code: {longest:.2f} s, from second {at:.1f}; "
          f"one code: median {1000 * waits[len(waits) // 2]:.0f} ms, slowest {waits[-1]:.2f} s")
    for second, command in wanted.at:
        near = [gap for gap, start in gaps if float(second) - 1 < start < float(second) + 9]
        print(f"  within 9 s of second {second}: {max(near, default=float('nan')):.2f} s at most ({command})")
    sys.exit("\n".join(problems[:20]) or 0)


main()
