#!/usr/bin/env python3
"""Counts what makes the tree hard to read. Each number has a limit; what is over it is named."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def lines(file):
    return file.read_text().count("\n")


def sources():
    return [file for file in sorted(ROOT.glob("crates/*/src/**/*.rs")) if "tests" not in file.stem]


def long_files():
    return [f"{file.relative_to(ROOT)}: {lines(file)}" for file in sources() if lines(file) > 300]


def long_functions():
    found = []
    for file in sources():
        begun = None
        for number, line in enumerate(file.read_text().split("\n"), 1):
            match = re.match(r"^(\s*)(pub(\([a-z]+\))? )?(const )?(async )?fn (\w+)", line)
            if match and begun is None:
                begun = (number, match.group(1), match.group(6))
            elif begun and line == begun[1] + "}":
                if number - begun[0] > 60:
                    found.append(f"{file.relative_to(ROOT)}: {begun[2]} has {number - begun[0]} lines")
                begun = None
            elif begun and line.startswith(begun[1]) and line.rstrip().endswith(";") and number == begun[0]:
                begun = None
    return found


def long_sql_functions():
    found = []
    for file in sorted(ROOT.glob("migrations/functions/*/*.sql")):
        text = file.read_text()
        length = text[text.index("create or replace") :].count("\n")
        if length > 90:
            found.append(f"{file.relative_to(ROOT)}: {length}")
    return found


def definitions_twice():
    seen = {}
    for file in ROOT.glob("migrations/*.sql"):
        for name in re.findall(r"^create (?:or replace )?function (\w+)", file.read_text(), re.MULTILINE):
            seen.setdefault(name, []).append(file.name)
    return [f"{name}: {', '.join(files)}" for name, files in sorted(seen.items()) if len(files) > 1]


def shadow_types():
    found = []
    for file in sources():
        found += [str(file.relative_to(ROOT))] * file.read_text().count("for the document\")]")
    return found


def over(limit, number, what):
    return [f"{what}: {number}"] if number > limit else []


COUNTS = [
    ("source files above 300 lines", 0, long_files),
    ("Rust functions above 60 lines", 0, long_functions),
    ("SQL functions above 90 lines", 1, long_sql_functions),
    ("SQL functions defined more than once", 0, definitions_twice),
    ("types that exist for the document only", 5, shadow_types),
    ("lines of docs/ARCHITECTURE.md", 150, lambda: [""] * lines(ROOT / "docs/ARCHITECTURE.md")),
    ("lines of crates/bench", 1800, lambda: [""] * sum(map(lines, ROOT.glob("crates/bench/src/**/*.rs")))),
]


def main():
    for what, limit, count in COUNTS:
        found = count()
        print(f"{len(found):6}  {what} (at most {limit})")
        if "-v" in sys.argv[1:] and len(found) > limit:
            print("".join(f"        {one}\n" for one in found if one), end="")


if __name__ == "__main__":
    main()
