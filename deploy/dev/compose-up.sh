#!/usr/bin/env bash
# Starts docker-compose.yml with its profile `demo` on a project of its own, asks what README.md asks, restarts, and takes all
# of it away. Needs a Docker engine with Compose, ports 8080, 8081 and 8025, and the image `couponry`, which it does not build.
set -euo pipefail
cd "$(dirname "$0")/../.."

export COMPOSE_PROJECT_NAME=couponry-try
compose() { docker compose --profile demo "$@"; }
finish() {
  local status=$?
  [ "$status" = 0 ] || compose logs --no-color --tail 50 >&2
  compose down --volumes --timeout 20 >/dev/null 2>&1 || true
  exit "$status"
}
trap finish EXIT

until_so() { # WHAT COMMAND…
  local what=$1 deadline=$((SECONDS + 120))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || { echo "not within two minutes: $what" >&2; exit 1; }
    sleep 0.2
  done
  echo "$SECONDS s: $what"
}
healthy() { [ "$(docker inspect --format '{{.State.Health.Status}}' "$(compose ps --quiet "$1")")" = healthy ]; }
has_mail() { curl -fsS http://127.0.0.1:8025/api/v1/messages | grep -q '"Subject"'; }
rows() { # USER HOST SQL: as this user by this way from within the database's container, with couponry's password
  compose exec -T postgres sh -c \
    'PGPASSWORD=$(cat /run/couponry/postgres-password) psql --no-psqlrc -At --username "$1" --host "$2" --dbname couponry --command "$3"' sh "$@"
}
secret() { compose exec -T couponry cat "/run/couponry/$1"; }
# Keys are no arguments: a command line is visible to every user of the machine.
api() { curl -fsS --config <(printf 'user = "%s:%s"\n' "$WORKSPACE" "$KEY") "$@"; }
send() { api -H 'Content-Type: application/json' "$@"; }

SECONDS=0
compose up --detach --no-build --quiet-pull >/dev/null 2>&1
until_so "couponry is healthy" healthy couponry
[ "$(rows couponry postgres "select rolsuper, rolcreaterole, rolcreatedb, rolreplication from pg_roles where rolname = current_user")" = "f|f|f|f" ] ||
  { echo "couponry's role may do more than it needs" >&2; exit 1; }
if rows postgres postgres "select 1" >/dev/null 2>&1; then
  echo "the superuser comes in by the network" >&2
  exit 1
fi
echo "couponry's role is no superuser, and no superuser comes in by the network"
URL=http://127.0.0.1:${COUPONRY_PORT:-8080} WORKSPACE=$(secret workspace-id) KEY=$(secret api-key)
LIST=$(send "$URL/v1/coupon-list" -d '{"name": "Spring", "label": "spring", "expires_at": "2099-12-31", "created_by": "me"}' |
  sed -n 's/.*"_id":"\([^"]*\)".*/\1/p')
printf 'Coupon Code\nONE\nTWO\n' | api "$URL/v1/coupon-list/$LIST/files/upload" -F 'file=@-;filename=codes.csv' >/dev/null
take() { send "$URL/v1/coupon-list/$LIST/allocations" -d '{"user_id": "ada", "request_id": "welcome-ada"}'; }
until_so "a code is handed out" take
first=$(take)
until_so "the demonstration's report is in the mail catcher" has_mail

compose restart --timeout 45 postgres couponry >/dev/null 2>&1
until_so "couponry is healthy after a restart" healthy couponry
until_so "it answers" take
[ "$(take)" = "$first" ] || { echo "another answer after the restart: $(take), before $first" >&2; exit 1; }
echo "the same code to the same request after a restart"
