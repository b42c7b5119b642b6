#!/usr/bin/env bash
# Runs a command with a PostgreSQL and a streaming replica of it, reachable as $COUPONRY_TEST_PRIMARY_URL and
# $COUPONRY_TEST_REPLICA_URL, and removes both afterwards.
set -euo pipefail

[ $# -gt 0 ] || { echo "usage: $0 COMMAND [ARGUMENT …]" >&2; exit 2; }
programs=$("$(dirname "$0")/postgres-programs.sh")

place=$(mktemp -d /tmp/couponry-replica.XXXXXX)
as_postgres=()
if [ "$(id -u)" = 0 ]; then # PostgreSQL refuses to run as root
  as_postgres=(setpriv --reuid=postgres --regid=postgres --init-groups)
  chown postgres "$place"
fi

in_place() { (cd "$place" && "${as_postgres[@]}" "$@"); }

remove() {
  for data in replica primary; do
    in_place "$programs/pg_ctl" --pgdata "$data" --mode immediate --wait stop >/dev/null 2>&1 || true
  done
  rm -rf "$place"
}
trap remove EXIT

start() { # DATA PORT
  in_place "$programs/pg_ctl" --pgdata "$1" --log "$1.log" --wait start --options "-k $place -p $2 -c listen_addresses= \
    -c fsync=off -c full_page_writes=off -c shared_buffers=64MB -c jit=off" >/dev/null || { cat "$place/$1.log" >&2; exit 1; }
}

in_place "$programs/initdb" --pgdata primary --username postgres --auth trust --locale C --encoding UTF8 --no-sync >/dev/null
# Before the first start the two are the same; from then on one follows the other.
in_place cp -a primary replica
in_place touch replica/standby.signal
echo "primary_conninfo = 'host=$place port=5432 user=postgres'" >>"$place/replica/postgresql.auto.conf"
start primary 5432
start replica 5433

export COUPONRY_TEST_PRIMARY_URL="postgres:///postgres?host=$place&port=5432&user=postgres"
export COUPONRY_TEST_REPLICA_URL="postgres:///postgres?host=$place&port=5433&user=postgres"

"$@" <&0 &
command=$!
trap 'kill -TERM "$command" 2>/dev/null' INT TERM HUP
status=0
wait "$command" || status=$?
while kill -0 "$command" 2>/dev/null; do wait "$command" || status=$?; done
exit "$status"
