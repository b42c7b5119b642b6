#!/usr/bin/env python3
"""Checks what the compose files and the Dockerfile promise: images by version, no privileges, limits, health, files that are
there. `docker compose config`, where there is one, checks their form (compose-files.sh). Needs PyYAML."""

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
    for key in service.get("environment") or {}:
        if re.search(r"PASSWORD$|API_KEY$|^DATABASE_URL$", key):
            yield f"{name}: {key} is a secret, and belongs into a file"


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
    if not re.search(r"^USER [1-9]\d*:[1-9]\d*$", text, re.MULTILINE):
        yield "deploy/Dockerfile: no USER by number"


def main():
    wrong = [line for path in FILES for line in check_compose(path)] + list(check_dockerfile())
    sys.exit("\n".join(wrong) or 0)


main()
