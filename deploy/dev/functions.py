#!/usr/bin/env python3
"""Keeps migrations and the living SQL functions together.

Each function lives in migrations/functions/<noun>/<name>.sql and is edited there. A database gets it by a numbered
migration that is generated from these files and never edited.

  functions.py write            rewrite 0008_functions.sql with all of them (until the first release)
  functions.py migration NAME   a new migration with those that changed since they were last in one
  functions.py check            whether each is in its newest migration as it is, and the files are as they should be
"""

import re
import sys
from pathlib import Path

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
FIRST = MIGRATIONS / "0008_functions.sql"
HEAD = """\
-- Generated from the files in functions/. Do not edit: see README.md.
--
-- Bodies are not looked at until they run: functions call each other in both directions.
set local check_function_bodies = off;

"""
# A function that is longer is hard to keep in mind. The one exception is the hand-out itself: each call of another function
# from it costs what it is measured by (docs/PERFORMANCE.md).
MOST_LINES = 90
LONGER = {"allocate"}
DEFINES = re.compile(r"^create or replace function (\w+)\s*\(", re.MULTILINE)


def living():
    """Text by name, in the order of their files."""
    functions = {}
    for file in sorted(MIGRATIONS.glob("functions/*/*.sql")):
        functions[file.stem] = (file, file.read_text())
    return functions


def snapshots():
    """For each function the newest migration that defines it."""
    newest = {}
    for file in sorted(MIGRATIONS.glob("*.sql")):
        for name in DEFINES.findall(file.read_text()):
            newest[name] = file
    return newest


def generated(functions):
    return HEAD + "\n".join(text for _, text in functions)


def is_in_its_snapshot(name, text, newest):
    return name in newest and text in newest[name].read_text()


def changed():
    newest = snapshots()
    return [(file, text) for name, (file, text) in living().items() if not is_in_its_snapshot(name, text, newest)]


def check():
    complaints = []
    newest = snapshots()
    functions = living()
    for name, (file, text) in functions.items():
        shown = file.relative_to(MIGRATIONS.parent)
        if DEFINES.findall(text) != [name]:
            complaints.append(f"{shown} must define {name}() and nothing else")
        if not text.startswith("-- "):
            complaints.append(f"{shown} must begin with what the function does")
        lines = text[text.index("create or replace") :].count("\n") if "create or replace" in text else 0
        if lines > MOST_LINES and name not in LONGER:
            complaints.append(f"{shown} has {lines} lines; at most {MOST_LINES}")
        if not is_in_its_snapshot(name, text, newest):
            complaints.append(f"{shown} is not in a migration as it is: make functions, or make migration NAME=…")
    for name in sorted(set(newest) - set(functions)):
        dropped = re.compile(rf"^drop function {name}\b", re.MULTILINE)
        if not any(dropped.search(file.read_text()) for file in MIGRATIONS.glob("*.sql")):
            complaints.append(f"{newest[name].name} defines {name}(), which has no file in functions/")
    return complaints


def main():
    match sys.argv[1:]:
        case ["write"]:
            FIRST.write_text(generated(living().values()))
        case ["migration", name] if re.fullmatch(r"[a-z0-9_]+", name):
            functions = changed()
            if not functions:
                sys.exit("no function has changed")
            number = max(int(file.name[:4]) for file in MIGRATIONS.glob("*.sql")) + 1
            file = MIGRATIONS / f"{number:04}_{name}.sql"
            file.write_text(generated(functions))
            print(file.relative_to(MIGRATIONS.parent))
        case ["check"]:
            complaints = check()
            if complaints:
                sys.exit("\n".join(complaints))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
