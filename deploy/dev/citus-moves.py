#!/usr/bin/env python3
"""Moves shards between the workers of a running Citus cluster, and restarts one, while codes are taken; then holds every
answer against the ledger: no code with two keys, no key with two codes, nothing acknowledged missing.

    COUPONRY_CITUS_NODES="127.0.0.1:7400 127.0.0.1:7401 127.0.0.1:7402" \\
    COUPONRY_CITUS_RESTART="pg_ctl --pgdata … restart" deploy/dev/citus-moves.py TARGET/release/couponry [SECONDS]

Nodes as in citus-database.sh; the command restarts one worker, and is left out if it is not given.
"""
import base64, http.client, http.server, json, os, subprocess, sys, threading, time, uuid
from pathlib import Path

binary, seconds = os.path.abspath(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 60
nodes = os.environ["COUPONRY_CITUS_NODES"].split()
restart = os.environ.get("COUPONRY_CITUS_RESTART")
name = f"moves_{uuid.uuid4().hex[:8]}"
LISTS, FILE_CODES, THREADS = 8, 50_000, 16
HEADERS = {"Authorization": "Basic " + base64.b64encode(b"moves:a-key-of-the-moves-test").decode(),
           "Content-Type": "application/json"}


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


def sql(statement, node=nodes[0], database=name):
    host, port = node.rsplit(":", 1)
    command = ["psql", "--no-psqlrc", "-qAt", "-v", "ON_ERROR_STOP=1", "-h", host, "-p", port, "-U", "postgres", "-d", database,
               "-c", statement]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\n")[:-1]


def ask(connection, method, path, body):
    connection.request(method, "/v1/coupon-list" + path, json.dumps(body), HEADERS)
    answer = connection.getresponse()
    text = answer.read()
    return answer.status, json.loads(text) if text else None


def make_list(address, prefix):
    connection = http.client.HTTPConnection(address, timeout=60)
    _, made = ask(connection, "POST", "", {"name": prefix, "label": prefix, "expires_at": "2099-01-01", "created_by": "moves"})
    url = f"http://127.0.0.1:{files.server_address[1]}/{prefix}"
    _, file = ask(connection, "POST", f"/{made['_id']}/files", {"file_url": url})
    deadline = time.monotonic() + 120
    while True:
        _, now = ask(connection, "GET", f"/{made['_id']}/files/{file['_id']}", None)
        if now["status"] != "PENDING" or time.monotonic() > deadline:
            assert now["status"] == "SUCCESS", now
            return made["_id"]
        time.sleep(0.1)


def take(number, lists):
    """A code for one user after the other; each is asked for until there is an answer that says what became of it."""
    connection, count = None, 0
    while not over.is_set():
        count += 1
        user, list_id = f"u-{number}-{count}", lists[(number + count) % LISTS]
        while True:
            try:
                connection = connection or http.client.HTTPConnection(address, timeout=20)
                status, answer = ask(connection, "POST", f"/{list_id}/allocations", {"user_id": user})
            except OSError:
                status, connection = 0, None
            if status in (200, 201):
                with lock:
                    answers[list_id, user] = answer["coupon_code"]
                break
            with lock:
                refused[status] = refused.get(status, 0) + 1
            if time.monotonic() > give_up:
                break
            time.sleep(0.05)


def move_shards():
    """The shards that the lists are on go to the other worker, one after the other, and back."""
    workers, moved = [node.rsplit(":", 1) for node in nodes[1:3]], 0
    while not over.is_set():
        for list_id in sql("select list_id from coupon_list order by 1"):
            shard = sql(f"select get_shard_id_for_distribution_column('gate', {list_id})")[0]
            port = sql(f"select nodeport from citus_shards where shardid = {shard}")[0]
            here, there = sorted(workers, key=lambda worker: worker[1] != port)
            if not over.is_set():
                sql(f"select citus_move_shard_placement({shard}, '{here[0]}', {here[1]}, '{there[0]}', {there[1]}, "
                    "'force_logical')")
                moved += 1
        if restart:
            before = len(answers)
            subprocess.run(restart, shell=True, check=True, stdout=subprocess.DEVNULL)
            print(f"a worker was restarted after {before} answers and {moved} moves", flush=True)
    print(f"{moved} shards were moved", flush=True)


programs = Path(__file__).resolve().parent
subprocess.run([programs / "citus-database.sh", "create", name], check=True)
files = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Host)
threading.Thread(target=files.serve_forever, daemon=True).start()
server = subprocess.Popen(
    [binary, "serve"], stderr=subprocess.PIPE, text=True,
    env={**{name: value for name, value in os.environ.items() if not name.startswith("COUPONRY_")},
         "DATABASE_URL": f"postgres://postgres@{nodes[0]}/{name}?sslmode=disable",
         "COUPONRY_LISTEN": "127.0.0.1:0", "COUPONRY_RATE_LIMITS": "off", "COUPONRY_OUTBOUND_ALLOW": "127.0.0.1",
         "COUPONRY_BOOTSTRAP_WORKSPACE_ID": "moves", "COUPONRY_BOOTSTRAP_API_KEY": "a-key-of-the-moves-test"})
try:
    address = next(json.loads(line)["address"] for line in server.stderr if '"listening"' in line)
    threading.Thread(target=lambda: [None for _ in server.stderr], daemon=True).start()
    lists = [make_list(address, f"l{number}") for number in range(LISTS)]
    answers, refused, lock, over = {}, {}, threading.Lock(), threading.Event()
    give_up = time.monotonic() + seconds + 60
    takers = [threading.Thread(target=take, args=[number, lists]) for number in range(THREADS)]
    mover = threading.Thread(target=move_shards)
    for thread in [*takers, mover]:
        thread.start()
    time.sleep(seconds)
    over.set()
    for thread in [*takers, mover]:
        thread.join()
    ledger, codes = {}, set()
    for row in sql("select encode(c.public_id, 'hex') || ' ' || l.user_id || ' ' || l.code from ledger l "
                   "join coupon_list c using (list_id)"):
        list_id, user, code = row.split(" ")
        assert (list_id, user) not in ledger, f"{user} has two codes"
        assert (list_id, code) not in codes, f"{code} went out twice"
        ledger[list_id, user] = code
        codes.add((list_id, code))
    lost = [key for key, code in answers.items() if ledger.get(key) != code]
    gaps = sql("select list_id, file_id from ledger group by 1, 2 having max(ordinal) + 1 <> count(*)")
    print(f"{len(answers)} codes were answered, {len(ledger)} are in the ledger; asked again after {refused}")
    if lost or gaps:
        sys.exit(f"lost: {lost[:5]}, gaps: {gaps}")
    print("nothing lost, nothing twice")
finally:
    server.terminate()
    server.wait()
    subprocess.run([programs / "citus-database.sh", "drop", name], check=True)
