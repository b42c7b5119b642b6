#!/usr/bin/env bash
# Checks the compose files: what they promise, by Python; their form, by Docker Compose where it is installed. Needs no engine.
set -euo pipefail
cd "$(dirname "$0")/../.."

"$(deploy/dev/python-environment.sh)/bin/python" deploy/dev/compose-files.py
if docker compose version >/dev/null 2>&1; then
  docker compose --profile demo --profile observability config --quiet
  docker compose --file deploy/compose.production.yml config --quiet
  docker compose --file deploy/scale-out/docker-compose.yml config --quiet
else
  echo "Docker Compose is not here: the form of the compose files was not checked, only what they promise" >&2
fi
