#!/usr/bin/env bash
# Runs a command with a PostgreSQL of its own, reachable as $COUPONRY_TEST_DATABASE_URL, and removes it afterwards.
set -euo pipefail

[ $# -gt 0 ] || { echo "usage: $0 COMMAND [ARGUMENT …]" >&2; exit 2; }
programs=$("$(dirname "$0")/postgres-programs.sh")

# A short path: the name of a Unix socket ends at 107 bytes.
place=$(mktemp -d /tmp/couponry-pg.XXXXXX)
as_postgres=()
if [ "$(id -u)" = 0 ]; then # PostgreSQL refuses to run as root
  as_postgres=(setpriv --reuid=postgres --regid=postgres --init-groups)
  chown postgres "$place"
fi

in_place() { (cd "$place" && "${as_postgres[@]}" "$@"); }

remove() {
  in_place "$programs/pg_ctl" --pgdata data --mode immediate --wait stop >/dev/null 2>&1 || true
  rm -rf "$place"
}
trap remove EXIT

in_place "$programs/initdb" --pgdata data --username postgres --auth trust --locale C --encoding UTF8 --no-sync >/dev/null
# What is thrown away need not survive a power cut. Each test has a database, and so a pool, of its own.
in_place "$programs/pg_ctl" --pgdata data --log log --wait start --options "-k $place -c listen_addresses= \
  -c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=300 -c shared_buffers=256MB \
  -c max_wal_size=4GB -c jit=off" >/dev/null || { cat "$place/log" >&2; exit 1; }

export COUPONRY_TEST_DATABASE_URL="postgres:///postgres?host=$place&user=postgres"

# In the background, so that a signal reaches this script at once: it ends the command, then the server.
"$@" <&0 &
command=$!
trap 'kill -TERM "$command" 2>/dev/null' INT TERM HUP
status=0
wait "$command" || status=$?
while kill -0 "$command" 2>/dev/null; do wait "$command" || status=$?; done
exit "$status"
