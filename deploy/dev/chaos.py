#!/usr/bin/env python3
"""Kills the server (and with it its private PostgreSQL) with SIGKILL at random moments while files load and codes are
taken, then holds every answer against what is there: no code with two keys, no key with two codes, nothing acknowledged
missing, every file loaded whole.

    deploy/dev/chaos.py TARGET/release/couponry [KILLS] [SEED]
"""
import base64, http.client, http.server, json, os, random, shutil, signal, subprocess, sys, tempfile, threading, time

binary = os.path.abspath(sys.argv[1])
kills = int(sys.argv[2]) if len(sys.argv) > 2 else 10
seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 32)
chance = random.Random(seed)
place = tempfile.mkdtemp(prefix="couponry-chaos-", dir="/tmp")
os.chmod(place, 0o755)
KEY = base64.b32encode(os.urandom(20)).decode()
HEADERS = {"Authorization": "Basic " + base64.b64encode(f"chaos:{KEY}".encode()).decode(),
           "Content-Type": "application/json"}
FILE_CODES, THREADS = 300_000, 16


class Host(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        prefix = self.path.strip("/")
        body = ("Coupon Code\r\n" + "".join(f"{prefix}-{n:06}\r\n" for n in range(FILE_CODES))).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

    def handle(self):
        try:
            super().handle()
        except ConnectionError:
            pass  # the server was killed while it fetched


files = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Host)
threading.Thread(target=files.serve_forever, daemon=True).start()
server, address = None, None


def start():
    global server, address
    environment = {**os.environ, "COUPONRY_DATA_DIR": place + "/data", "COUPONRY_LISTEN": "127.0.0.1:0",
                   "COUPONRY_OUTBOUND_ALLOW": "127.0.0.1", "COUPONRY_RATE_LIMITS": "off",
                   "COUPONRY_BOOTSTRAP_WORKSPACE_ID": "chaos",
                   "COUPONRY_BOOTSTRAP_API_KEY": KEY, "COUPONRY_JOB_LEASE_SECONDS": "2"}
    environment.pop("DATABASE_URL", None)
    server = subprocess.Popen([binary, "serve"], env=environment, stderr=subprocess.PIPE, text=True)
    lines = []
    for line in server.stderr:
        lines.append(line)
        if '"listening"' in line:
            address = json.loads(line)["address"]
            threading.Thread(target=lambda stream: [None for _ in stream], args=[server.stderr], daemon=True).start()
            return
    sys.exit("the server did not start:\n" + "".join(lines))


def call(method, path, body=None):
    """One try; None where the outcome is unknown."""
    try:
        connection = http.client.HTTPConnection(address, timeout=20)
        connection.request(method, "/v1" + path, json.dumps(body) if body else None, HEADERS)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, json.loads(text or b"null")
    except (OSError, http.client.HTTPException, ValueError):
        return None


def insist(method, path, body=None):
    """The same request until it is answered; 503 is an answer that says: again."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        answer = call(method, path, body)
        if answer and answer[0] != 503:
            return answer
        time.sleep(0.02)
    sys.exit(f"no answer to {method} {path} for two minutes")


def take(name, taken, over):
    n = 0
    while not over.is_set():
        key = f"{name}-{n}"
        status, body = insist("POST", f"/coupon-list/{stock_list}/allocations", {"user_id": key})
        if status in (200, 201):
            taken[key] = body["coupon_code"]
        else:
            problems.append(f"{key}: {status} {body}")
        n += 1


def wait_for(path):
    while (state := insist("GET", path)[1])["status"] == "PENDING":
        time.sleep(0.05)
    return state


problems = []
try:
    print(f"seed {seed}")
    start()
    make = lambda name: insist("POST", "/coupon-list", {"name": name, "label": name, "expires_at": "2099-12-31",
                                                        "created_by": "chaos"})[1]["_id"]
    stock_list, load_list = make("stock"), make("load")
    upload = lambda to, prefix: insist("POST", f"/coupon-list/{to}/files",
                                       {"file_url": f"http://127.0.0.1:{files.server_port}/{prefix}"})
    first = upload(stock_list, "STOCK")[1]["_id"]
    assert wait_for(f"/coupon-list/{stock_list}/files/{first}")["added_coupons"] == FILE_CODES

    over, taken = threading.Event(), [{} for _ in range(THREADS)]
    takers = [threading.Thread(target=take, args=[f"t{n}", taken[n], over]) for n in range(THREADS)]
    for taker in takers:
        taker.start()
    for kill in range(kills):
        upload(load_list, f"LOAD{kill}")
        time.sleep(chance.uniform(0, 1.5))
        server.send_signal(signal.SIGKILL)
        server.wait()
        began = time.monotonic()
        start()
        print(f"kill {kill + 1}: answering again after {time.monotonic() - began:.2f} s, "
              f"{sum(map(len, taken)):,} codes acknowledged so far")
    time.sleep(1)
    over.set()
    for taker in takers:
        taker.join()

    began = time.monotonic()
    loaded = [wait_for(f"/coupon-list/{load_list}/files/{file['_id']}")
              for file in insist("GET", f"/coupon-list/{load_list}/files")[1]["data"]]
    print(f"{len(loaded)} loads final {time.monotonic() - began:.1f} s after the last code was taken")
    problems += [f"load: {file}" for file in loaded if file["status"] != "SUCCESS"]
    # An upload whose answer was lost may have been made twice; its second file then adds nothing.
    if sum(file["added_coupons"] for file in loaded) != kills * FILE_CODES:
        problems.append(f"added: {[file['added_coupons'] for file in loaded]}")

    acknowledged = {key: code for part in taken for key, code in part.items()}
    if len(set(acknowledged.values())) != len(acknowledged):
        problems.append("a code was handed to two keys")
    keys = list(acknowledged)
    for begin in range(0, len(keys), 10_000):
        part = keys[begin:begin + 10_000]
        items = insist("POST", f"/coupon-list/{stock_list}/allocations/batch",
                       {"recipients": [{"user_id": key} for key in part]})[1]
        again = {item["user_id"]: item.get("coupon_code") for item in items["data"]}
        problems += [f"{key}: had {acknowledged[key]}, now {again[key]}" for key in part
                     if again[key] != acknowledged[key]][:10]
    details = insist("GET", f"/coupon-list/{stock_list}")[1]
    gone = details["total_coupons"] - details["available_coupons"]
    # Each taker insists, so every code taken has been acknowledged.
    if details["total_coupons"] != FILE_CODES or gone != len(acknowledged):
        problems.append(f"counts: {details['total_coupons']} - {details['available_coupons']}, "
                        f"{len(acknowledged)} acknowledged")
    print(f"{len(acknowledged):,} codes acknowledged over {kills} kills, {gone:,} taken")
finally:
    if server:
        server.send_signal(signal.SIGINT)
        server.wait(60)
    shutil.rmtree(place, ignore_errors=True)
if problems:
    sys.exit("\n".join(problems[:20]))
print("nothing lost, nothing twice")
