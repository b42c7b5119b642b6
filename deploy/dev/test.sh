#!/usr/bin/env bash
# Runs every test; with-throwaway-postgres.sh gives it the database.
set -euo pipefail
export SQLX_OFFLINE=true

if cargo nextest --version >/dev/null 2>&1; then
  # nextest has no doc tests; they come first, so that the last line is the summary of the suite.
  cargo test --locked --workspace --doc --quiet
  exec cargo nextest run --locked --workspace
else
  exec cargo test --locked --workspace
fi
