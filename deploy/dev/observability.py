#!/usr/bin/env python3
"""Checks that every metric and label of deploy/observability is one that docs/METRICS.md has, whose table a test holds
against a running server. Needs PyYAML (python-environment.sh)."""

import json
import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / "deploy/observability"
# What Prometheus itself gives, with labels that every series has.
OWN = {"up"}
OWN_LABELS = {"job", "instance", "service", "le"}
WORDS = {"and", "or", "unless", "offset", "bool", "by", "on", "without", "ignoring", "group_left", "group_right"}


def documented():
    """Each name as Prometheus has it, with its labels."""
    rows = re.findall(r"^\| `([a-z0-9_]+)` \| (\w+) \| ([^|]*) \|", (ROOT / "docs/METRICS.md").read_text(), re.MULTILINE)
    names = {}
    for name, kind, labels in rows:
        for suffix in ("_bucket", "_sum", "_count") if kind == "histogram" else ("",):
            names[name + suffix] = set(re.findall(r"`(\w+)`", labels))
    return names


def expressions():
    """Where each stands, and its text; beside them the names that rules record."""
    found, recorded = [], {}
    for file in sorted(PLACE.glob("rules/*.yml")):
        for group in yaml.safe_load(file.read_text())["groups"]:
            for rule in group["rules"]:
                found.append((f"{file.name}, {rule.get('alert') or rule['record']}", rule["expr"]))
                if "record" in rule:
                    recorded[rule["record"]] = set(labels_of(rule["expr"]))
    for file in sorted(PLACE.glob("grafana/dashboards/*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            found += [(f"{file.name}, {panel['title']}", target["expr"]) for target in panel["targets"]]
    return found, recorded


def without_strings(text):
    return re.sub(r'"[^"]*"', '""', text)


def labels_of(expression):
    text = without_strings(expression)
    for matchers in re.findall(r"\{([^}]*)\}", text):
        yield from re.findall(r"(\w+)\s*[=!]", matchers)
    for names in re.findall(r"\b(?:by|on|without|ignoring|group_left|group_right)\s*\(([^)]*)\)", text):
        yield from re.findall(r"\w+", names)


def metrics_of(expression):
    text = re.sub(r"\{[^}]*\}|\[[^\]]*\]", " ", without_strings(expression))
    text = re.sub(r"\b(by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)", " ", text)
    text = re.sub(r"\boffset\s+\w+", " ", text)
    return [name for name in re.findall(r"(?<![\w.:])([a-zA-Z_:][\w:]*)(?!\s*\(|[\w:])", text) if name not in WORDS]


def main():
    names = documented()
    found, recorded = expressions()
    wrong = [] if names and found else ["docs/METRICS.md has no table, or there is nothing to check"]
    known = names | recorded | dict.fromkeys(OWN, set())
    for where, expression in found:
        used = metrics_of(expression)
        wrong += [f"{where}: {name} is not in docs/METRICS.md" for name in used if name not in known]
        labels = OWN_LABELS.union(*(known.get(name, set()) for name in used))
        wrong += [f"{where}: no metric here has the label {label}" for label in labels_of(expression) if label not in labels]
        if not used and "day_of_week" not in expression:
            wrong.append(f"{where}: no metric was found in {expression}")
    print(f"{len(found)} expressions, {len(names)} documented series")
    sys.exit("\n".join(wrong) or 0)


main()
