#!/usr/bin/env python3
"""Checks what the compose files and the Dockerfile promise: images by version, no privileges, no way to the machine, nothing
writable but what is named here, no secret and no default for one, limits, health, files that are there. `docker compose config`,
where there is one, checks their form (compose-files.sh). Needs PyYAML."""

import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
FILES = ("docker-compose.yml", "deploy/compose.production.yml", "deploy/scale-out/docker-compose.yml")
# From a digit on: `17.7-bookworm`, `v3.13.1`; not `latest`, `17`, `stable`.
VERSION = re.compile(r":v?\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?$")
# PostgreSQL's entrypoint begins as root and steps down by itself.
WITH_PRIVILEGES = ("postgres", "citus")
# Who is what it needs to be: `secrets` gives files away, Caddy's program has the other in its file.
CAPABILITIES = {"secrets": ["CHOWN"], "proxy": ["NET_BIND_SERVICE"], "files": ["NET_BIND_SERVICE"]}
# What is written to, by whom; every other volume is read only.
WRITTEN = {
    "secrets": {"secrets", "backups"}, "postgres": {"data"}, "proxy": {"certificates", "proxy"}, "backup": {"backups"},
    "prometheus": {"prometheus"}, "grafana": {"grafana"},
}
# What opens the machine to a container.
WAYS_OUT = ("privileged", "pid", "ipc", "userns_mode", "devices", "cgroup_parent", "sysctls")
SECRET = re.compile(r"(PASSWORD|SECRET|TOKEN|API_KEY|ACCESS_KEY|^DATABASE_URL|_DIRECT_URL)$")


def check_service(name, service):
    image = service.get("image", "")
    if image != "couponry" and not VERSION.search(image):
        yield f"{name}: the image {image!r} has no version"
    if "no-new-privileges:true" not in service.get("security_opt", []):
        yield f"{name}: security_opt lacks no-new-privileges:true"
    starts_as_root = any(word in image for word in WITH_PRIVILEGES) and "user" not in service
    if not starts_as_root and service.get("cap_drop") != ["ALL"]:
        yield f"{name}: cap_drop is not [ALL]"
    if not starts_as_root and not service.get("read_only"):
        yield f"{name}: read_only is not set"
    if "POSTGRES_USER" in (service.get("environment") or {}):
        yield f"{name}: POSTGRES_USER makes a superuser; couponry's role is made by database-role.sql"
    for limit in ("mem_limit", "pids_limit"):
        if limit not in service:
            yield f"{name}: there is no {limit}"
    for key, value in (service.get("environment") or {}).items():
        # Without a value it is the shell's, for who tries it out; then it has no default either.
        if value is not None and (SECRET.search(key) or re.search(r"://[^/]*:[^/]*@", str(value))):
            yield f"{name}: {key} is a secret, and belongs into a file"
        if SECRET.search(re.sub("_+FILE$", "", key)) and key.endswith("FILE") and not str(value).startswith("/run/"):
            yield f"{name}: {key} does not name a file of the volume `secrets`"


def check_ways_out(name, service, short):
    for key in WAYS_OUT:
        if key in service:
            yield f"{name}: {key} opens the machine"
    if service.get("network_mode") not in (None, "none"):
        yield f"{name}: network_mode is {service['network_mode']}"
    if service.get("cap_add", []) != CAPABILITIES.get(short, []):
        yield f"{name}: cap_add is {service.get('cap_add')}"
    if str(service.get("user", "")).split(":")[0] in ("0", "root") and service.get("network_mode") != "none":
        yield f"{name}: runs as root, and has a network"
    for volume in service.get("volumes", []):
        source, *rest = volume.split(":")
        if "docker.sock" in source:
            yield f"{name}: has the engine's socket"
        if source not in WRITTEN.get(short, set()) and rest[-1:] != ["ro"]:
            yield f"{name}: {source} can be written to"
    for port in service.get("ports", []):
        if short != "proxy" and not str(port).startswith("127.0.0.1:"):
            yield f"{name}: the port {port} is everybody's"


def check_health(document):
    """Whatever goes on running says how it is: the image does for couponry, where nothing else is said."""
    awaited = {other for service in document["services"].values() for other, how in service.get("depends_on", {}).items()
               if how["condition"] == "service_completed_successfully"}
    for name, service in document["services"].items():
        if name not in awaited and service.get("healthcheck", {}).get("disable"):
            yield f"{name}: its health check is disabled"
        if service.get("image", "").startswith("postgres:") and "healthcheck" not in service:
            yield f"{name}: there is no health check"


def check_mounts(name, service, folder):
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        if source.startswith(".") and not (folder / source).exists():
            yield f"{name}: {source} is not there"


def check_compose(path):
    document = yaml.safe_load((ROOT / path).read_text())
    volumes, networks = set(document.get("volumes", {})), document.get("networks", {})
    for name, service in document["services"].items():
        where = f"{path}, {name}"
        # Citus is for those who know why; its file has no limits, and its nodes are made known by a superuser.
        if "scale-out" not in path:
            yield from check_service(where, service)
            yield from check_ways_out(where, service, name.removeprefix("demo-"))
        yield from check_mounts(where, service, (ROOT / path).parent)
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source[0] not in "./" and source not in volumes:
                yield f"{where}: there is no volume {source}"
        for network in service.get("networks", []):
            if network not in networks:
                yield f"{where}: there is no network {network}"
        for other in service.get("depends_on", {}):
            if other not in document["services"]:
                yield f"{where}: there is no service {other}"
    yield from (f"{path}, {line}" for line in check_health(document))
    if not networks.get("database", {}).get("internal"):
        yield f"{path}: the network `database` is not internal"
    for name, service in document["services"].items():
        if "postgres" in service.get("image", "") and service.get("ports"):
            yield f"{path}, {name}: the database has a port of the machine"


def check_dockerfile():
    text = (ROOT / "deploy/Dockerfile").read_text()
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    for base in bases:
        if not VERSION.search(base):
            yield f"deploy/Dockerfile: the image {base} has no version"
    channel = re.search(r'^channel = "([\d.]+)"', (ROOT / "rust-toolchain.toml").read_text(), re.MULTILINE)[1]
    for base in bases:
        if base.startswith("rust:") and not base.startswith(f"rust:{channel}-"):
            yield f"deploy/Dockerfile: {base} is not the compiler of rust-toolchain.toml, {channel}"
    last = text[text.rindex("\nFROM "):]
    users = re.findall(r"^USER (.*)$", last, re.MULTILINE)
    if len(users) != 1 or not re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[0]):
        yield "deploy/Dockerfile: the image has not one USER, by number, who is not root"
    for word in ("ADD ", "ARG ", "RUN ", "chmod", "--chown"):
        if re.search(rf"^(?!#).*{re.escape(word)}", last, re.MULTILINE):
            yield f"deploy/Dockerfile: the image is made with {word.strip()}"
    for name in re.findall(r"^ENV (\w+)=", last, re.MULTILINE):
        if SECRET.search(name):
            yield f"deploy/Dockerfile: {name} is a secret"


def check_settings():
    """What is mounted beside the secrets says none, and gives none a default."""
    for path in sorted((ROOT / "deploy/production").iterdir()):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if re.search(r"(?i)^[^#;]*\b(password|api_key|secret)\w*\s*=\s*[^$\s({]", line):
                yield f"{path.relative_to(ROOT)}:{number}: a secret in a file that everybody has"
    for path in FILES:
        for match in re.findall(r"\$\{(\w+):?-[^}]+\}", (ROOT / path).read_text()):
            if SECRET.search(match):
                yield f"{path}: {match} has a default"


def main():
    wrong = [line for path in FILES for line in check_compose(path)] + list(check_dockerfile()) + list(check_settings())
    sys.exit("\n".join(wrong) or 0)


main()
