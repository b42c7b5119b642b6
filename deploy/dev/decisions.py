#!/usr/bin/env python3
"""Checks that every decision in docs/MIGRATING.md has a test, and that no test names one that is not there.

A test names its rows in the line above it: `/// Row 16 of docs/MIGRATING.md.` or `/// Rows 2 and 43 of docs/MIGRATING.md.`
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DECISION = re.compile(r"^\| (\d+) \|", re.MULTILINE)
NAMES = re.compile(r"^/// Rows? (\d[\d, and]*) of (.*)\.\n(.*)$", re.MULTILINE)
TESTS = ("#[test]", "#[tokio::test]")


def main():
    _, _, table = (ROOT / "docs/MIGRATING.md").read_text().partition("\n## Every decision\n")
    table, _, _ = table.partition("\n## ")
    decided = {int(row) for row in DECISION.findall(table)}
    wrong = [] if decided else ["docs/MIGRATING.md: no table of decisions"]
    tested = set()
    for file in sorted((ROOT / "crates").rglob("tests/**/*.rs")):
        for rows, document, below in NAMES.findall(file.read_text()):
            if document != "docs/MIGRATING.md" or below not in TESTS:
                wrong.append(f"{file.relative_to(ROOT)}: row {rows}: not docs/MIGRATING.md, or not above a test")
            tested |= {int(row) for row in re.findall(r"\d+", rows)}
    wrong += [f"docs/MIGRATING.md: row {row} has no test" for row in sorted(decided - tested)]
    wrong += [f"a test names row {row}, which docs/MIGRATING.md has not" for row in sorted(tested - decided)]
    sys.exit("\n".join(wrong) or 0)


main()
