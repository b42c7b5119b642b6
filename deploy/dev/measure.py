#!/usr/bin/env python3
"""Loads one 100 MB file, takes single codes with 64 connections and two million by NDJSON, and builds a usage report of
them all, beside what PostgreSQL itself or a table of one row a code does in the same run. Needs `cargo build --release -p couponry`, wrk, and PostgreSQL's programs.

    deploy/dev/measure.py TARGET/release/couponry [SECONDS]
"""
import base64, datetime, glob, hashlib, http.client, http.server, json, os, random, re, shutil, signal, subprocess, sys, tempfile, threading, time
import urllib.request

CODES = 7_700_000
binary, seconds = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 60
programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
place = tempfile.mkdtemp(prefix="couponry-measure-", dir="/tmp")
os.chmod(place, 0o755)


def make_file(path):
    alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    numbers = random.Random(1)
    pairs = [a + b for a in alphabet for b in alphabet]
    with open(path, "w") as file:
        file.write("Coupon Code\n")
        for start in range(0, CODES, 100_000):
            # Eleven bits of 60 make a pair of letters; the sequence number in the first three keeps them distinct.
            lines = []
            for n in range(start, start + 100_000):
                bits = numbers.getrandbits(30)
                lines.append(pairs[n >> 20 & 1023] + pairs[n >> 10 & 1023] + pairs[n & 1023]
                             + pairs[bits & 1023] + pairs[bits >> 10 & 1023] + pairs[bits >> 20] + "\n")
            file.write("".join(lines))


class Host(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *arguments):
        super().__init__(*arguments, directory=place)

    def log_message(self, *_):
        pass


def call(method, path, body=None):
    request = urllib.request.Request(base + path, method=method, data=json.dumps(body).encode() if body else None)
    request.add_header("Authorization", authorization)
    if body:
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or b"null")


def status(field):
    return int(re.search(rf"{field}:\s+(\d+)", open(f"/proc/{server.pid}/status").read())[1]) // 1024


def forget_peak():
    open(f"/proc/{server.pid}/clear_refs", "w").write("5")
    return status("VmRSS")


def stream(path, first, number):
    """Sends recipients line by line while it reads the answers; a digest of the codes, and the number of lines."""
    connection = http.client.HTTPConnection(base.removeprefix("http://"))
    connection.putrequest("POST", path)
    for name, value in [("Authorization", authorization), ("Content-Type", "application/x-ndjson"),
                        ("Transfer-Encoding", "chunked")]:
        connection.putheader(name, value)
    connection.endheaders()
    # Its own name: the library forgets the socket when the answer says that the connection will be closed.
    sock = connection.sock

    def write():
        for start in range(first, first + number, 1000):
            piece = "".join(f'{{"user_id":"ndjson-{n}"}}\n' for n in range(start, start + 1000)).encode()
            sock.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        sock.sendall(b"0\r\n\r\n")

    writer = threading.Thread(target=write)
    writer.start()
    digest, lines = hashlib.sha256(), 0
    for line in connection.getresponse():
        lines += 1
        digest.update(line)
    writer.join()
    return digest.hexdigest(), lines


def psql(sql):
    command = [programs + "/psql", "-qtAX", "-h", socket, "-U", "postgres", "-v", "ON_ERROR_STOP=1", "-c", sql]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


environment = {**os.environ, "COUPONRY_DATA_DIR": place + "/data", "COUPONRY_LISTEN": "127.0.0.1:0",
               "COUPONRY_OUTBOUND_ALLOW": "127.0.0.1", "COUPONRY_RATE_LIMITS": "off", "COUPONRY_BOOTSTRAP_WORKSPACE_ID": "measure",
               "COUPONRY_BOOTSTRAP_API_KEY": base64.b32encode(os.urandom(20)).decode()}
environment.pop("DATABASE_URL", None)
authorization = "Basic " + base64.b64encode(
    f"measure:{environment['COUPONRY_BOOTSTRAP_API_KEY']}".encode()).decode()
files = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Host)
threading.Thread(target=files.serve_forever, daemon=True).start()
server = subprocess.Popen([binary, "serve"], env=environment, stderr=subprocess.PIPE, text=True)
try:
    for line in server.stderr:
        if '"listening"' in line:
            base = "http://" + json.loads(line)["address"]
            break
    threading.Thread(target=lambda: [None for _ in server.stderr], daemon=True).start()
    settings = open(glob.glob(place + "/data/**/postmaster.pid", recursive=True)[0]).read().split("\n")
    socket = settings[4]
    make_file(place + "/codes.csv")
    megabytes = os.path.getsize(place + "/codes.csv") / 1e6
    print(f"file: {CODES:,} codes, {megabytes:.1f} MB; server before the load: {status('VmRSS')} MB")

    made = call("POST", "/v1/coupon-list", {"name": "m", "label": "m", "expires_at": "2099-12-31", "created_by": "m"})
    path = "/v1/coupon-list/" + made["_id"]
    for name in ["first", "second, all duplicates"]:
        started = time.monotonic()
        file = call("POST", path + "/files", {"file_url": f"http://127.0.0.1:{files.server_port}/codes.csv"})
        while (state := call("GET", f"{path}/files/{file['_id']}"))["status"] == "PENDING":
            time.sleep(0.01)
        print(f"load, {name}: {time.monotonic() - started:.2f} s, {state['status']}, added {state['added_coupons']:,}; "
              f"server's peak so far: {status('VmHWM')} MB")
    print("blocks on disk:", psql("select pg_size_pretty(sum(pg_total_relation_size(inhrelid))) from pg_inherits "
                                  "where inhparent = 'block'::regclass"))

    psql("create table one_row_a_code (id bigint generated always as identity primary key, list_id bigint not null, "
         "code text not null, user_id text); create unique index on one_row_a_code (list_id, code); "
         "alter table one_row_a_code alter list_id set default 1")
    started = time.monotonic()
    psql(f"\\copy one_row_a_code (code) from '{place}/codes.csv' with (format csv, header)")
    print(f"row a code, COPY into a table with a unique index: {time.monotonic() - started:.1f} s")

    script = place + "/take.lua"
    open(script, "w").write(f"""
local n, thread = 0, 0
setup = function(t) t:set("id", thread); thread = thread + 1 end
request = function()
  n = n + 1
  return wrk.format("POST", "{path}/allocations", {{["Authorization"] = "{authorization}",
    ["Content-Type"] = "application/json"}}, '{{"user_id":"u-' .. id .. '-' .. n .. '"}}')
end
""")
    run = subprocess.run(["wrk", "-t1", "-c64", f"-d{seconds}s", "--latency", "-s", script, base],
                         check=True, capture_output=True, text=True).stdout
    answered = int(re.search(r"(\d+) requests in", run)[1])
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", run)[1])
    wrong = re.search(r"Non-2xx.*", run)
    print(f"single codes, 64 connections, {seconds} s: {rate:,.0f}/s,",
          "p50 {}, p99 {}".format(*re.search(r"50%\s+(\S+)(?:.|\n)*99%\s+(\S+)", run).groups()), wrong and wrong[0] or "")
    time.sleep(1)
    taken, distinct = map(int, psql("select count(*), count(distinct code) from ledger").split("|"))
    details = call("GET", path)
    print(f"answered {answered:,}, in the ledger {taken:,} (at most 64 more), distinct codes {distinct:,};",
          f"total {details['total_coupons']:,}, available {details['available_coupons']:,}")
    assert taken == distinct and 0 <= taken - answered <= 64 and not wrong
    assert details["total_coupons"] == CODES and details["available_coupons"] == CODES - taken

    for first in [0, 1_000_000]:
        before = forget_peak()
        started = time.monotonic()
        digest, lines = stream(path + "/allocations/batch?campaign_id=c-1&campaign_name=Spring", first, 1_000_000)
        took = time.monotonic() - started
        print(f"NDJSON, 1,000,000 recipients: {took:.1f} s, {lines / took:,.0f}/s; server's memory grew by "
              f"{status('VmHWM') - before} MB; answers {lines:,}")
        assert lines == 1_000_000
    again, _ = stream(path + "/allocations/batch?campaign_id=c-1&campaign_name=Spring", 1_000_000, 1_000_000)
    print("the same million once more: the same answers:", again == digest)
    taken, distinct = map(int, psql("select count(*), count(distinct code) from ledger").split("|"))
    stock = call("GET", path + "/stock")
    print(f"in the ledger {taken:,}, distinct codes {distinct:,}; stock {stock}")
    assert again == digest and taken == distinct == stock["allocated"]

    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    before = forget_peak()
    started = time.monotonic()
    call("POST", path + "/usage-report", {"start_date": today, "end_date": today, "email_subscribers": ["m@example.com"]})
    while (report := call("GET", path + "/usage-report")["data"][0])["status"] == "PENDING":
        time.sleep(0.02)
    took = time.monotonic() - started
    print(f"usage report: {report['rows']:,} rows, {report['bytes'] / 1e6:.0f} MB of CSV in {took:.1f} s, "
          f"{report['rows'] / took:,.0f} rows/s; server's memory grew by {status('VmHWM') - before} MB")
    assert report["rows"] == taken
    started = time.monotonic()
    psql("copy (select c.channel, c.id, c.name, c.sent_at, c.delivery_type, l.user_id, l.code, f.published_at from ledger l "
         "join coupon_file f using (list_id, file_id) left join campaign c using (list_id, campaign_key) "
         "order by l.list_id, l.file_id, l.ordinal, l.turn) to '/dev/null'")
    took = time.monotonic() - started
    print(f"COPY (query) TO the null device, the same rows: {took:.1f} s, {taken / took:,.0f} rows/s")

    psql("alter table one_row_a_code add taken boolean not null default false; "
         "create index on one_row_a_code (id) where not taken; analyze one_row_a_code")
    script = place + "/take.sql"
    open(script, "w").write("""update one_row_a_code set taken = true, user_id = 'u' where id = (
        select id from one_row_a_code where not taken order by id for update skip locked limit 1) returning code;\n""")
    run = subprocess.run([programs + "/pgbench", "-n", "-h", socket, "-U", "postgres", "-c", "48", "-j", "1", "-M", "prepared",
                          "-T", str(min(seconds, 20)), "-f", script, "postgres"],
                         check=True, capture_output=True, text=True).stdout
    print(f"SKIP LOCKED, 48 connections straight to PostgreSQL (no HTTP): {float(re.search(r'tps = ([0-9.]+)', run)[1]):,.0f}/s")
finally:
    server.send_signal(signal.SIGINT)
    server.wait(60)
    shutil.rmtree(place, ignore_errors=True)
