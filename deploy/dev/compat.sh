#!/usr/bin/env bash
# Runs tests/compat: a server and its peers as processes, driven by a client that knows the documentation only.
# with-throwaway-postgres.sh gives it the database.
set -euo pipefail
cd "$(dirname "$0")/../.."

environment=$(deploy/dev/python-environment.sh)
cargo build --locked --quiet --package couponry
export COUPONRY_BINARY=${CARGO_TARGET_DIR:-target}/debug/couponry
export PYTHONDONTWRITEBYTECODE=1
# Two at a time: most of it is waiting, for mails and for the next minute.
exec "$environment/bin/python" -m pytest --quiet --numprocesses 2 --dist loadfile tests/compat "$@"
