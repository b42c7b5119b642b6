#!/usr/bin/env bash
# Writes crates/storage/.sqlx, what the compiler knows of the queries when no database is near; --check only compares.
# with-throwaway-postgres.sh gives it the database. The command-line tool of sqlx is not needed.
set -euo pipefail

committed=crates/storage/.sqlx
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT

programs=$(deploy/dev/postgres-programs.sh)
psql=$programs/psql
[ -x "$psql" ] || psql=psql
for migration in migrations/*.sql; do
  "$psql" "$COUPONRY_TEST_DATABASE_URL" --no-psqlrc --quiet --set ON_ERROR_STOP=1 --file "$migration" >/dev/null
done

# The macros write their files while they run, so the crate must really be compiled.
touch crates/storage/src/lib.rs
SQLX_OFFLINE=false SQLX_OFFLINE_DIR=$fresh DATABASE_URL=$COUPONRY_TEST_DATABASE_URL \
  cargo check --locked --package storage --all-targets

if [ "${1:-}" = --check ]; then
  diff --recursive --brief "$fresh" "$committed" || {
    echo "$committed is out of date: run \`make sqlx\` and commit the result" >&2
    exit 1
  }
else
  mkdir -p "$committed"
  find "$committed" -name 'query-*.json' -delete
  cp "$fresh"/query-*.json "$committed"
fi
