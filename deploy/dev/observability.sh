#!/usr/bin/env bash
# Checks rules and dashboards: names and labels against docs/METRICS.md, rules by promtool with their tests.
set -euo pipefail
cd "$(dirname "$0")/../.."

"$(deploy/dev/python-environment.sh)/bin/python" deploy/dev/observability.py
promtool=$(deploy/dev/promtool.sh)
"$promtool" check config deploy/observability/prometheus.yml
"$promtool" test rules deploy/observability/rules-tests/*.yml
