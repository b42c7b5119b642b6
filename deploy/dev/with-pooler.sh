#!/usr/bin/env bash
# Runs a command with a PgBouncer in transaction mode, reachable as $COUPONRY_TEST_POOLER_URL, before the PostgreSQL that
# with-throwaway-postgres.sh started. Of a setting that $COUPONRY_TEST_POOLER_SETTINGS repeats the last line counts.
set -euo pipefail

[ $# -gt 0 ] || { echo "usage: $0 COMMAND [ARGUMENT …]" >&2; exit 2; }
here=$(dirname "$0")
program=$("$here/pooler-program.sh")
server=$(sed -nE 's/^.*[?&]host=([^&]+).*$/\1/p' <<<"$COUPONRY_TEST_DATABASE_URL")

place=$(mktemp -d /tmp/couponry-pooler.XXXXXX)
as_user=()
if [ "$(id -u)" = 0 ]; then # PgBouncer refuses to run as root
  as_user=(--user postgres)
  chown postgres "$place"
fi
trap 'kill "$pooler" 2>/dev/null || true; rm -rf "$place"' EXIT
pooler=''

echo '"postgres" ""' >"$place/users.txt"
cat >"$place/pgbouncer.ini" <<EOF
[databases]
* = host=$server

[pgbouncer]
unix_socket_dir = $place
listen_addr =
auth_type = trust
auth_file = $place/users.txt
pool_mode = transaction
max_prepared_statements = 200
default_pool_size = 20
max_client_conn = 1000
tcp_keepidle = 30
tcp_keepintvl = 10
tcp_keepcnt = 3
log_connections = 0
log_disconnections = 0
${COUPONRY_TEST_POOLER_SETTINGS:-}
EOF

"$program" "${as_user[@]}" "$place/pgbouncer.ini" 2>"$place/log" &
pooler=$!
until [ -S "$place/.s.PGSQL.6432" ]; do
  kill -0 "$pooler" 2>/dev/null || { cat "$place/log" >&2; exit 1; }
  sleep 0.05
done
export COUPONRY_TEST_POOLER_URL="postgres:///postgres?host=$place&port=6432&user=postgres"

"$@" <&0 &
command=$!
trap 'kill -TERM "$command" 2>/dev/null' INT TERM HUP
status=0
wait "$command" || status=$?
while kill -0 "$command" 2>/dev/null; do wait "$command" || status=$?; done
[ -z "${COUPONRY_TEST_POOLER_LOG:-}" ] || cp "$place/log" "$COUPONRY_TEST_POOLER_LOG"
exit "$status"
