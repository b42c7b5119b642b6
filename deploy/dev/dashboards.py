#!/usr/bin/env python3
"""Puts every query of the dashboards to a Prometheus that watches running servers, and says which have no data, which targets are
not up, and which rules fail.

    deploy/dev/dashboards.py [http://127.0.0.1:9090]

Some have none as long as nothing goes wrong, or there is no replica: those are named in QUIET. Exits with 1 for any other."""

import json
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

DASHBOARDS = Path(__file__).resolve().parents[1] / "observability/grafana/dashboards"
# Metrics that begin with the first trouble, and what only a replica brings.
QUIET = re.compile("|".join((
    r'outcome=~"exhausted\|inactive"', "limits_hit_total", "gates_locked_total", 'error_type!=""', "connection_timeouts_total",
    "couponry_replica_", "couponry_callbacks_total",
)))
# What Grafana puts there.
INTERVAL = "1m"


def ask(prometheus, path, **parameters):
    url = f"{prometheus}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return json.load(answer)["data"]
    except urllib.error.HTTPError as error:
        sys.exit(f"{path} {parameters}: {error.read().decode()}")


def queries():
    for file in sorted(DASHBOARDS.glob("*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel["targets"]:
                yield f"{file.stem}, {panel['title']}", target["expr"].replace("$__rate_interval", INTERVAL)


def has_data(prometheus, expression):
    """NaN is none: a share of nothing, a quantile of no request."""
    return any(sample["value"][1] != "NaN" for sample in ask(prometheus, "query", query=expression)["result"])


def main():
    prometheus = (sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:9090").rstrip("/")
    wrong = []
    targets = ask(prometheus, "targets", state="active")["activeTargets"]
    for target in targets:
        print(f"target {target['labels'].get('service')} {target['labels']['instance']}: {target['health']}")
        if target["health"] != "up":
            wrong.append(f"{target['labels']['instance']} is {target['health']}: {target['lastError']}")
    rules = [rule for group in ask(prometheus, "rules")["groups"] for rule in group["rules"]]
    wrong += [f"rule {rule['name']}: {rule.get('lastError')}" for rule in rules if rule["health"] == "err"]
    firing = sorted({rule["name"] for rule in rules if rule.get("state") == "firing"})
    empty, number = [], 0
    for where, expression in queries():
        number += 1
        if not has_data(prometheus, expression):
            empty.append((where, expression))
    for where, expression in empty:
        is_quiet = QUIET.search(expression) is not None
        print(f"no data{', as expected' if is_quiet else ''}: {where}: {expression}")
        if not is_quiet:
            wrong.append(f"{where} has no data")
    print(f"{len(targets)} targets, {len(rules)} rules, firing: {', '.join(firing) or 'none'}; {number} queries, {number - len(empty)} with data")
    if not targets or not rules:
        wrong.append("there are no targets, or no rules")
    sys.exit("\n".join(wrong) or 0)


main()
