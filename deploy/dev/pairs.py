#!/usr/bin/env python3
"""Measures programs against each other, in turn, in the same minutes: what one round says of a noisy machine, the ratio
within the round does not.

    deploy/dev/pairs.py single|batch|load [options] old=PROGRAM new=PROGRAM [more=PROGRAM …]

single  one code a request        batch  a thousand codes a request        load  a 100 MB file by URL: POST to SUCCESS

Each program is a release build of couponry with a private PostgreSQL of its own. With `--servers N`, N processes of it
share that database, and the connections are split between them. Needs wrk. Prints each round, the median of each program
and the median of the ratios to the first program: of the rate, and of the processor time that the servers took for a code,
which other work on the machine changes less.
"""
import argparse, base64, concurrent.futures, http.client, http.server, json, multiprocessing, os, shutil, signal
import statistics, subprocess, sys, tempfile, time

KEY = base64.b32encode(os.urandom(20)).decode()
AUTHORIZATION = "Basic " + base64.b64encode(f"pairs:{KEY}".encode()).decode()
BODY = {
    "single": """local body = '{"user_id":"PREFIX' .. n .. '"}'""",
    "batch": """local lines = {}
  for i = 1, 1000 do lines[i] = '{"user_id":"PREFIX' .. n .. '-' .. i .. '"}' end
  local body = '{"recipients":[' .. table.concat(lines, ',') .. ']}'""",
}
PATH = {"single": "allocations", "batch": "allocations/batch"}
DONE = """
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('\\n{"requests":%d,"duration":%d,"failed":%d,"p50":%d,"p99":%d}\\n', summary.requests,
    summary.duration, e.status + e.connect + e.read + e.write + e.timeout, latency:percentile(50), latency:percentile(99)))
end
"""


class Files(http.server.BaseHTTPRequestHandler):
    """`/FIRST-COUNT`: so many codes from that number on."""

    protocol_version = "HTTP/1.1"
    kept = {}

    def do_GET(self):
        first, count = map(int, self.path.strip("/").split("-"))
        body = self.kept.get(self.path)
        if body is None:
            rows = "".join(f"{n * 2654435761 % 4294967296:08X}{n % 97:02}\n" for n in range(first, first + count))
            body = self.kept[self.path] = ("Coupon Code\n" + rows).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve_files(addresses):
    host = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
    addresses.put(host.server_address)
    host.serve_forever()


class Server:
    """One process; the first of a deployment brings the database."""

    def __init__(self, program, data, database=None):
        environment = {
            **os.environ,
            "COUPONRY_DATA_DIR": data,
            "COUPONRY_LISTEN": "127.0.0.1:0",
            "COUPONRY_OUTBOUND_ALLOW": "127.0.0.1",
            "COUPONRY_RATE_LIMITS": "off",
            "COUPONRY_BOOTSTRAP_WORKSPACE_ID": "pairs",
            "COUPONRY_BOOTSTRAP_API_KEY": KEY,
        }
        environment.pop("DATABASE_URL", None)
        if database:
            environment["DATABASE_URL"] = database
        log = f"{data}-{os.urandom(4).hex()}.log"
        self.process = subprocess.Popen([program, "serve"], env=environment, stderr=open(log, "w"))
        end = time.monotonic() + 60
        while True:
            listening = [line for line in open(log) if '"listening"' in line]
            if listening:
                self.address = json.loads(listening[0])["address"]
                return
            if self.process.poll() is not None or time.monotonic() > end:
                sys.exit(f"{program} does not start:\n{open(log).read()}")
            time.sleep(0.01)

    def processor_time(self):
        """In seconds, since its start."""
        fields = open(f"/proc/{self.process.pid}/stat").read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.address, timeout=60)
        headers = {"Authorization": AUTHORIZATION, "Content-Type": "application/json"}
        connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            sys.exit(f"{method} {path}: {answer.status} {text.decode()}")
        return json.loads(text)


class Deployment:
    """A program's servers, and the lists that its rounds use."""

    def __init__(self, name, program, place, options, files):
        self.name, self.files, self.options, self.rounds = name, files, options, 0
        data = os.path.join(place, name)
        self.servers = [Server(program, data)]
        socket = open(data + "/postgres/postmaster.pid").read().splitlines()[4].replace("/", "%2F")
        database = f"postgres:///postgres?host={socket}&user=postgres"
        self.servers += [Server(program, data, database) for _ in range(options.servers - 1)]
        self.lists = []
        if options.what == "load":
            # The host makes its file before anybody's time runs.
            self.round()
        else:
            each = max(options.codes // options.lists, 1)
            self.lists = [self.list() for _ in range(options.lists)]
            waiting = [(id, self.load(id, f"{n * each}-{each}")) for n, id in enumerate(self.lists)]
            for id, file in waiting:
                self.wait(id, file)

    def list(self):
        name = f"{self.name}-{os.urandom(4).hex()}"
        body = {"name": name, "label": name, "expires_at": "2099-12-31", "created_by": "pairs"}
        return self.servers[0].ask("POST", "/v1/coupon-list", body)["_id"]

    def load(self, id, file):
        url = f"http://127.0.0.1:{self.files[1]}/{file}"
        return self.servers[0].ask("POST", f"/v1/coupon-list/{id}/files", {"file_url": url})["_id"]

    def wait(self, id, file):
        while True:
            status = self.servers[0].ask("GET", f"/v1/coupon-list/{id}/files/{file}")["status"]
            if status == "SUCCESS":
                return
            if status == "FAILED":
                sys.exit("a file failed")
            time.sleep(0.005)

    def round(self):
        """Codes a second, or seconds for a load; with the microseconds of processor time for a code."""
        self.rounds += 1
        before = sum(server.processor_time() for server in self.servers)
        measured, codes = self.measure()
        took = sum(server.processor_time() for server in self.servers) - before
        return measured, took / codes * 1e6

    def measure(self):
        if self.options.what == "load":
            id = self.list()
            started = time.monotonic()
            self.wait(id, self.load(id, f"0-{self.options.codes}"))
            return time.monotonic() - started, self.options.codes
        share = max(self.options.connections // len(self.servers), 1)
        with concurrent.futures.ThreadPoolExecutor() as threads:
            rates = threads.map(lambda server: self.wrk(*server, share), enumerate(self.servers))
            rate = sum(rates)
            return rate, rate * self.options.seconds

    def wrk(self, number, server, connections):
        what = self.options.what
        heads = ",\n".join(
            f"'POST /v1/coupon-list/{id}/{PATH[what]} HTTP/1.1\\r\\nHost: {server.address}\\r\\nAuthorization: {AUTHORIZATION}"
            f"\\r\\nContent-Type: application/json\\r\\nContent-Length: '"
            for id in self.lists
        )
        body = BODY[what].replace("PREFIX", f"{self.name}-{self.rounds}-{number}-")
        script = f"""local n, heads = 0, {{{heads}}}
request = function()
  n = n + 1
  {body}
  return heads[n % #heads + 1] .. #body .. '\\r\\n\\r\\n' .. body
end
{DONE}"""
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as lua:
            lua.write(script)
            lua.flush()
            command = ["wrk", "-t1", f"-c{connections}", f"-d{self.options.seconds}s", "--timeout=10s", "-s", lua.name]
            said = subprocess.run([*command, f"http://{server.address}"], capture_output=True, text=True, check=True).stdout
        result = json.loads(said.strip().splitlines()[-1])
        if result["failed"]:
            sys.exit(f"{self.name}: {result['failed']} of {result['requests']} requests failed")
        codes = result["requests"] * (1000 if what == "batch" else 1)
        return codes / result["duration"] * 1e6

    def end(self):
        for server in reversed(self.servers):
            server.process.send_signal(signal.SIGINT)
            server.process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["single", "batch", "load"])
    parser.add_argument("programs", nargs="+", metavar="NAME=PROGRAM")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4, help="of a round of codes")
    parser.add_argument("--connections", type=int, default=256)
    parser.add_argument("--lists", type=int, default=1)
    parser.add_argument("--servers", type=int, default=1)
    parser.add_argument("--codes", type=int, default=8_700_000, help="in all lists together, or in the file; 100 MB")
    options = parser.parse_args()
    addresses = multiprocessing.Queue()
    host = multiprocessing.Process(target=serve_files, args=[addresses], daemon=True)
    host.start()
    files = addresses.get()
    place = tempfile.mkdtemp(prefix="couponry-pairs-", dir="/var/tmp")
    os.chmod(place, 0o755)
    deployments = []
    try:
        for pair in options.programs:
            name, program = pair.split("=", 1)
            deployments.append(Deployment(name, os.path.abspath(program), place, options, files))
        rounds = []
        for number in range(options.rounds):
            # The order turns, so that nobody is always the first.
            order = deployments[number % len(deployments):] + deployments[: number % len(deployments)]
            measured = {one.name: one.round() for one in order}
            rounds.append(measured)
            digits = 2 if options.what == "load" else 0
            print("  ".join(f"{one.name} {measured[one.name][0]:.{digits}f}" for one in deployments), flush=True)
        first = deployments[0].name
        for one in deployments:
            for what, unit in enumerate(["s" if options.what == "load" else "codes/s", "µs of processor time a code"]):
                median = statistics.median(r[one.name][what] for r in rounds)
                ratios = [r[one.name][what] / r[first][what] for r in rounds]
                said = f"{median:,.0f}" if median >= 1000 else f"{median:.2f}"
                ratio = f"{statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})"
                print(f"{one.name}: {said} {unit}, of {first}: {ratio}")
    finally:
        for one in deployments:
            one.end()
        host.terminate()
        shutil.rmtree(place, ignore_errors=True)


main()
