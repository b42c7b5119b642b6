#!/usr/bin/env python3
"""Asks a server behind a proxy on this machine for what clients ask for, and tries to smuggle requests past the proxy. A line for each
thing, with figures; exits with 1 where one is not as it should be. proxies.sh starts what it needs.

    WORKSPACE=… KEY=… deploy/dev/proxies.py --door PORT --ca FILE --past PORT
"""
import argparse, base64, http.client, json, os, socket, ssl, statistics, sys, threading, time, uuid

arguments = argparse.ArgumentParser()
arguments.add_argument("--door", type=int, required=True, help="the proxy's port, with TLS")
arguments.add_argument("--ca", required=True)
arguments.add_argument("--past", type=int, required=True, help="the server's own port")
arguments.add_argument("--half-duplex", action="store_true", help="the proxy passes no answer on before it has all of a request's body")
wanted = arguments.parse_args()

BASIC = "Basic " + base64.b64encode(f"{os.environ['WORKSPACE']}:{os.environ['KEY']}".encode()).decode()
TLS = ssl.create_default_context(cafile=wanted.ca)
MIB = 1024 * 1024
wrong = 0


def tell(what, is_right, figures="", needs_duplex=False):
    global wrong
    is_known = needs_duplex and wanted.half_duplex and not is_right
    wrong += not is_right and not is_known
    print(f"  {'ok   ' if is_right else 'no   ' if is_known else 'WRONG'} {what}{': ' if figures else ''}{figures}", flush=True)


def connect(by_proxy=True, address="127.0.0.1", patience=60):
    port = wanted.door if by_proxy else wanted.past
    plain = socket.create_connection(("127.0.0.1", port), timeout=patience, source_address=(address, 0))
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return TLS.wrap_socket(plain, server_hostname="localhost") if by_proxy else plain


class Client(http.client.HTTPConnection):
    def __init__(self, by_proxy=True, address="127.0.0.1"):
        super().__init__("localhost")
        self.sock = connect(by_proxy, address)
        self.auto_open = 0

    def ask(self, method, path, body=None, headers={}):
        data = json.dumps(body) if isinstance(body, dict) else body
        kind = {"Content-Type": "application/json"} if isinstance(body, dict) else {}
        self.request(method, "/v1" + path, data, {"Authorization": BASIC, **kind, **headers})
        answer = self.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text[:1] in b"{[" and text else None


def make_list(client, codes=0):
    name = f"proxies-{uuid.uuid4().hex[:12]}"
    status, made = client.ask("POST", "/coupon-list", {"name": name, "label": name, "expires_at": "2099-12-31", "created_by": "me"})
    path = f"/coupon-list/{made['_id']}"
    if codes:
        send_file(client, path, "Coupon Code\n" + "".join(f"C-{n:07}\n" for n in range(codes)))
    return status, path


def send_file(client, path, text):
    edge = uuid.uuid4().hex
    form = (f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="codes.csv"\r\n\r\n{text}\r\n--{edge}--\r\n').encode()
    status, file = client.ask("POST", f"{path}/files/upload", form, {"Content-Type": f"multipart/form-data; boundary={edge}"})
    while status == 201 and client.ask("GET", f"{path}/files/{file['_id']}")[1]["status"] == "PENDING":
        time.sleep(0.05)
    return status


def basics():
    client = Client()
    status, path = make_list(client, 200_000)
    tell("a list is made, and a file sent by hand", status == 201)
    for what, size, expected in (("64 MiB are taken", 64 * MIB, 201), ("a byte more is not", 64 * MIB + 1, 413)):
        for by_proxy in (True, False):
            _, other = make_list(Client(by_proxy))
            text = "Coupon Code\nA-1\n" + "\n" * (size - len("Coupon Code\nA-1\n"))
            began = time.monotonic()
            try:
                status = send_file(Client(by_proxy), other, text)
            except (OSError, http.client.HTTPException) as error:
                status = type(error).__name__
            took = f"{status} after {time.monotonic() - began:.2f} s{'' if by_proxy else ', past the proxy'}"
            tell(what, status == expected, took)
    for by_proxy in (True, False):
        client, waits = Client(by_proxy), []
        for n in range(300):
            began = time.monotonic()
            key = {"user_id": f"u-{by_proxy}-{n}"}
            status, first = client.ask("POST", f"{path}/allocations", key)
            waits.append(time.monotonic() - began)
            # Or the limit of this address is met.
            time.sleep(0.005)
        again = client.ask("POST", f"{path}/allocations", key)
        tell("a code is handed out, and the same again", status == 201 and again == (200, first),
             f"{1000 * statistics.median(waits):.1f} ms in the middle{'' if by_proxy else ', past the proxy'}")
    return path


def lines(path):
    for by_proxy in (True, False):
        recipients = "".join(f'{{"user_id":"l-{by_proxy}-{n}"}}\n' for n in range(50_000)).encode()
        client = Client(by_proxy)
        began = time.monotonic()
        client.request("POST", f"/v1{path}/allocations/batch", recipients,
                       {"Authorization": BASIC, "Content-Type": "application/x-ndjson"})
        answers = client.getresponse().read().splitlines()
        codes = {json.loads(line).get("coupon_code") for line in answers}
        tell("50,000 recipients line by line, all written before the first answer is read", len(codes - {None}) == 50_000,
             f"{time.monotonic() - began:.2f} s{'' if by_proxy else ', past the proxy'}")
    connection = connect(patience=10)
    connection.sendall(head("POST", f"{path}/allocations/batch", "Content-Type: application/x-ndjson", "Transfer-Encoding: chunked"))
    said, rounds = b"", 0
    try:
        for rounds in range(1, 4):
            line = f'{{"user_id":"talk-{rounds}"}}\n'.encode()
            connection.sendall(b"%x\r\n%s\r\n" % (len(line), line))
            while said.count(b'"coupon_code"') < rounds:
                piece = connection.recv(4096)
                if not piece:
                    raise ConnectionError("closed")
                said += piece
        tell("each line is answered before the next is sent", True, f"{rounds} lines")
    except OSError as error:
        tell("each line is answered before the next is sent", False, f"{type(error).__name__} at line {rounds}", needs_duplex=True)
    connection.close()


def head(method, path, *more):
    lines = [f"{method} /v1{path} HTTP/1.1", "Host: localhost", f"Authorization: {BASIC}", *more]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


def addresses(path):
    def flood(address, forged, statuses):
        client = Client(address=address)
        for n in range(400):
            headers = {"X-Forwarded-For": f"198.51.100.{n % 250}"} if forged else {}
            statuses.append(client.ask("GET", "/pull/x", headers=headers)[0])
    for forged in (False, True):
        statuses, honest = [], []
        floods = [threading.Thread(target=flood, args=("127.0.0.9", forged, statuses)) for _ in range(8)]
        for one in floods:
            one.start()
        client = Client(address="127.0.0.10")
        while any(one.is_alive() for one in floods):
            honest.append(client.ask("GET", f"{path}/stock")[0])
            time.sleep(0.05)
        tell("a flood is limited by its own address" + (", whatever address it names" if forged else ""),
             429 in statuses and set(honest) == {200},
             f"{statuses.count(429):,} of {len(statuses):,} refused, of another address {len(honest) - honest.count(200)} of {len(honest)}")
        time.sleep(1.1)


def slow(path):
    connection = connect(patience=30)
    connection.sendall(head("POST", f"{path}/allocations", "Content-Type: application/json", "Content-Length: 60000") + b"{")
    began, said = time.monotonic(), b""
    connection.settimeout(0.1)
    while not said and time.monotonic() - began < 20:
        try:
            connection.sendall(b" ")
            said = connection.recv(4096) or b"closed"
        except TimeoutError:
            pass
        except OSError as error:
            said = type(error).__name__.encode()
    tell("a body that drips is given up", said.startswith(b"HTTP/1.1 408"),
         f"{said[:12].decode() or 'nothing'} after {time.monotonic() - began:.1f} s", needs_duplex=True)
    connection = connect(patience=40)
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: loc")
    began = time.monotonic()
    try:
        while connection.recv(4096):
            pass
        ended = True
    except (OSError, ssl.SSLError) as error:
        ended = not isinstance(error, TimeoutError)
    tell("half a head is given up", ended, f"after {time.monotonic() - began:.1f} s")


def attempts(path, user):
    """Requests that end at one place for one reader and at another for another; within each, what is to be smuggled."""
    body = json.dumps({"user_id": user})
    inner = head("POST", f"{path}/allocations", "Content-Type: application/json", f"Content-Length: {len(body)}") + body.encode()
    kind = "Content-Type: application/json"
    all_of_it = b"0\r\n\r\n" + inner
    in_chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(inner), inner)
    def post(*heads, rest=all_of_it):
        return head("POST", f"{path}/allocations", kind, *heads) + rest
    length = f"Content-Length: {len(all_of_it)}"
    yield "a length and chunks", post(length, "Transfer-Encoding: chunked")
    yield "chunks and a short length", post("Content-Length: 4", "Transfer-Encoding: chunked", rest=in_chunks)
    for coding in ("xchunked", "chunked, identity", "identity, chunked", "\x0bchunked", "chunked\x00", " chunked ;q=1", "CHUNKED", "chunked\t"):
        yield f"the coding {coding!r}", post(length, f"Transfer-Encoding: {coding}")
    for line in ("Transfer-Encoding : chunked", "Transfer_Encoding: chunked", "X: y\nTransfer-Encoding: chunked", "X: y\rTransfer-Encoding: chunked",
                 "Transfer-Encoding:\r\n chunked", " Transfer-Encoding: chunked", "Content-Length : 5", "Content-Length: 5\r\nContent-Length: 7",
                 "Content-Length: 5, 5", "Content-Length: +5", "Content-Length: 0x5", "Content-Length: 5 5", "Content-Length:\x0b5"):
        yield f"the line {line!r}", post(length, line)
        yield f"the line {line!r} alone", post(line)
    yield "two codings", post(length, "Transfer-Encoding: chunked", "Transfer-Encoding: identity")
    for size in ("0;\n", "0\n", "0\r", "00000000000000000\r\n", "-0\r\n", "0x0\r\n", "0 \r\n", "10000000000000000\r\n", "\r\n0\r\n"):
        yield f"the size {size!r}", post("Transfer-Encoding: chunked", rest=size.encode() + b"\r\n" + inner)
    yield "a trailer", post("Transfer-Encoding: chunked", rest=b"0\r\nContent-Length: 100\r\nTransfer-Encoding: chunked\r\n\r\n" + inner)
    yield "chunks of HTTP/1.0", post(length, "Transfer-Encoding: chunked").replace(b"HTTP/1.1", b"HTTP/1.0", 1)
    for upgrade in ("websocket", "h2c"):
        yield f"an upgrade to {upgrade}", post("Connection: Upgrade, HTTP2-Settings", f"Upgrade: {upgrade}", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
                                               "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Content-Length: 5", rest=all_of_it)
    yield "a GET with a length", head("GET", path, f"Content-Length: {len(inner)}") + inner
    yield "a hop that takes the length away", post("Connection: Content-Length", length)
    yield "an expectation", post("Expect: 100-continue", length)


def smuggling(path):
    names = [what for what, _ in attempts(path, "x")]
    counts = {"refused": 0, "one answer": 0, "two answers": 0}
    smuggled, mixed_up = [], []
    for number, what in enumerate(names):
        user = f"smuggled-{uuid.uuid4().hex[:8]}"
        request = next(text for at, (_, text) in enumerate(attempts(path, user)) if at == number)
        connection, said = connect(patience=1), b""
        try:
            connection.sendall(request)
            while piece := connection.recv(65536):
                said += piece
        except OSError:
            pass
        connection.close()
        for n in range(3):
            honest = f"honest-{number}-{n}"
            status, answer = Client(address="127.0.0.11").ask("POST", f"{path}/allocations", {"user_id": honest})
            if status not in (200, 201) or answer["user_id"] != honest:
                mixed_up.append(f"after {what}: {status} {answer}")
        answers = said.count(b"HTTP/1.")
        was_done = Client(False).ask("GET", f"{path}/allocations?user_id={user}")[1]["data"]
        # A proxy may see two requests one after the other: then its client has two answers.
        if was_done and answers < 2:
            smuggled.append(what)
        counts["refused" if said[9:10] in (b"4", b"5", b"") else "two answers" if answers > 1 else "one answer"] += 1
    tell("no request is smuggled past the proxy", not smuggled, f"{len(names)} attempts, {counts}{' '.join(['', *smuggled])}")
    tell("nobody gets another's answer", not mixed_up, " ".join(mixed_up[:3]))


path = basics()
lines(path)
addresses(path)
slow(path)
smuggling(path)
sys.exit(1 if wrong else 0)
