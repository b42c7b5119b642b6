#!/usr/bin/env python3
"""Checks that what is built is what was tested: every cargo command here and in the documents is `--locked`, lock files have a
checksum for each crate and no other source than crates.io, actions of CI and packages of test environments are named by an exact
version. Images are checked by compose-files.py."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Those that choose versions. `cargo fuzz` and `cargo cyclonedx` have no such flag: they come after one that has.
RESOLVES = re.compile(
    r"\bcargo (?:\+\w+ )?(?:auditable )?(?:build|run|test|bench|check|clippy|doc|install|nextest run|deny(?! --version)|tree|metadata)\b"
)
CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"


def tracked(*patterns):
    listed = subprocess.run(["git", "ls-files", "-z", "--", *patterns], cwd=ROOT, check=True, capture_output=True, text=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def check_commands():
    for path in tracked("Makefile", ".ci", ".github", "deploy", "docs", "README.md", "CONTRIBUTING.md", "fuzz/*.md"):
        if path.suffix in (".json", ".svg", ".csv") or path.name == Path(__file__).name:
            continue
        # A command goes on behind a backslash.
        text = path.read_text().replace("\\\n", "  ")
        for number, line in enumerate(text.splitlines(), 1):
            for command in RESOLVES.finditer(line):
                rest = re.split(r"&&|\|\||;|`", line[command.start():])[0]
                if "--locked" not in rest:
                    yield f"{path.relative_to(ROOT)}, near line {number}: {rest.strip()[:60]} is not --locked"


def check_lock_files():
    for path in tracked("*Cargo.lock"):
        for package in tomllib.loads(path.read_text())["package"]:
            name = f"{path.relative_to(ROOT)}: {package['name']} {package['version']}"
            source = package.get("source")
            if source not in (None, CRATES_IO):
                yield f"{name} comes from {source}"
            if source and "checksum" not in package:
                yield f"{name} has no checksum"
            # Ours, which are here.
            if not source and not list(ROOT.glob(f"crates/{package['name']}/Cargo.toml")) and path.parent == ROOT:
                yield f"{name} comes from nowhere"


def check_actions():
    for path in tracked(".github/workflows/*.yml"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            where = f"{path.relative_to(ROOT)}:{number}"
            used = re.search(r"uses: (\S+)", line)
            if used and not re.search(r"@(v\d+\.\d+\.\d+|[0-9a-f]{40})$", used[1]):
                yield f"{where}: {used[1]} has no exact version"
            image = re.search(r"container: (\S+)", line)
            if image and not re.search(r":\d+\.\d+\.\d+", image[1]):
                yield f"{where}: {image[1]} has no exact version"
            for tool in re.findall(r'tool: "([^"]+)"', line):
                yield from (f"{where}: {name} has no exact version" for name in tool.split(",") if "@" not in name)


def check_environments():
    for path in tracked("*requirements*.txt"):
        for line in path.read_text().splitlines():
            if line.strip() and not line.startswith(("#", "-")) and "==" not in line:
                yield f"{path.relative_to(ROOT)}: {line} has no exact version"
    for path in tracked("*package.json"):
        if not (path.parent / "package-lock.json").exists():
            yield f"{path.relative_to(ROOT)} has no package-lock.json"


def main():
    checks = (check_commands, check_lock_files, check_actions, check_environments)
    sys.exit("\n".join(line for check in checks for line in check()) or 0)


main()
