#!/usr/bin/env bash
# Starts a compose file on a project of its own, asks of it what the documents promise, and takes all of it away.
#
#   compose-up.sh               docker-compose.yml with its profile `demo`: what README.md asks, and the same after a restart
#   compose-up.sh production    compose.production.yml: servers are killed and PostgreSQL is restarted under load, a dump is restored
#
# Needs a Docker engine with Compose, the image `couponry`, which it does not build, and ports 8080, 8081 and 8025, or 80 and 443
# (COUPONRY_PORT; COUPONRY_HTTP, COUPONRY_HTTPS).
set -euo pipefail
cd "$(dirname "$0")/../.."

export COMPOSE_PROJECT_NAME=couponry-try
what=${1:-default}
place=$(mktemp -d)
case $what in
  default) options=(--profile demo) ;;
  production) options=(--file deploy/compose.production.yml) ;;
  *) sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
compose() { docker compose "${options[@]}" "$@"; }
finish() {
  local status=$?
  [ "$status" = 0 ] || compose logs --no-color --tail 50 >&2
  compose down --volumes --timeout 20 >/dev/null 2>&1 || true
  rm -rf "$place"
  exit "$status"
}
trap finish EXIT

fail() { echo "$1" >&2; exit 1; }
until_so() { # WHAT COMMAND…
  local what=$1 deadline=$((SECONDS + 120))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || fail "not within two minutes: $what"
    sleep 0.2
  done
  echo "$SECONDS s: $what"
}
healthy() { # SERVICE: all of its containers
  [ "$(compose ps --quiet "$1" | xargs --no-run-if-empty docker inspect --format '{{.State.Health.Status}}' | sort -u)" = healthy ]
}
has_mail() { curl -fsS http://127.0.0.1:8025/api/v1/messages | grep -q '"Subject"'; }
secret() { compose exec -T "$1" cat "/run/couponry/$2"; } # SERVICE NAME
rows() { # USER SQL: from within the database's container, by the network, with the password of couponry's role
  compose exec -T postgres sh -c \
    'PGPASSWORD=$(cat /run/couponry/postgres-password) psql --no-psqlrc -At --host postgres --username "$1" --dbname couponry --command "$2"' sh "$@"
}
# Keys are no arguments: a command line is visible to every user of the machine.
api() { curl -sS "${trust[@]}" --config <(printf 'user = "%s:%s"\n' "$WORKSPACE" "$KEY") "$@"; }
send() { api -f -H 'Content-Type: application/json' "$@"; }
take() { send "$URL/v1/coupon-list/$LIST/allocations" -d "{\"user_id\": \"$1\", \"request_id\": \"welcome-$1\"}"; } # USER

check_role() { # WHAT IT MAY: superuser, make roles, make databases, replicate
  [ "$(rows couponry "select rolsuper, rolcreaterole, rolcreatedb, rolreplication from pg_roles where rolname = current_user")" = "$1" ] ||
    fail "couponry's role may do more than it needs, or less"
  if rows postgres "select 1" >/dev/null 2>&1; then fail "the superuser comes in by the network"; fi
  echo "$SECONDS s: couponry's role is no superuser, and no superuser comes in by the network"
}
make_list() { # of four codes
  LIST=$(send "$URL/v1/coupon-list" -d '{"name": "Spring", "label": "spring", "expires_at": "2099-12-31", "created_by": "me"}' |
    sed -n 's/.*"_id":"\([^"]*\)".*/\1/p')
  printf 'Coupon Code\nONE\nTWO\nTHREE\nFOUR\n' | api -f "$URL/v1/coupon-list/$LIST/files/upload" -F 'file=@-;filename=codes.csv' >/dev/null
  until_so "a code is handed out" take ada
  first=$(take ada)
}
is_as_before() { [ "$(take ada)" = "$first" ] || fail "another answer than before: $(take ada), before $first"; }

try_default() {
  URL=http://127.0.0.1:${COUPONRY_PORT:-8080} trust=()
  until_so "couponry is healthy" healthy couponry
  WORKSPACE=$(secret couponry workspace-id) KEY=$(secret couponry api-key)
  check_role "f|f|f|f"
  make_list
  until_so "the demonstration's report is in the mail catcher" has_mail

  compose restart --timeout 45 postgres couponry >/dev/null 2>&1
  until_so "couponry is healthy after a restart" healthy couponry
  until_so "it answers" take ada
  is_as_before
  echo "the same code to the same request after a restart"
}

try_production() {
  URL=https://localhost:${COUPONRY_HTTPS:-443} trust=(--cacert "$place/root.crt")
  for service in postgres pgbouncer api worker proxy; do until_so "$service is healthy" healthy "$service"; done
  until_so "the proxy has an authority" compose cp proxy:/data/caddy/pki/authorities/local/root.crt "$place/root.crt"
  WORKSPACE=$(secret api workspace-id) KEY=$(secret api api-key)
  export URL WORKSPACE KEY
  check_role "f|f|t|f"
  local name=$COMPOSE_PROJECT_NAME
  deploy/dev/outage.py --ca "$place/root.crt" --seconds 60 \
    --at 8 "docker kill $name-api-2" --at 18 "docker start $name-api-2" \
    --at 28 "docker kill $name-api-3" --at 38 "docker start $name-api-3" \
    --at 48 "docker restart -t 20 $name-postgres-1"

  make_list
  local backup=/usr/local/lib/couponry/backup.sh
  compose exec -T backup "$backup" now
  take bob >/dev/null
  compose stop --timeout 45 proxy api worker pgbouncer >/dev/null 2>&1
  compose exec -T backup "$backup" restore "$(compose exec -T backup "$backup" list | tail -n 1 | cut -d ' ' -f 1)"
  compose start pgbouncer worker api proxy >/dev/null 2>&1
  until_so "it answers after a dump was restored" take ada
  is_as_before
  if take eve >/dev/null 2>&1; then fail "a new code was handed out of a restored dump that nobody has acknowledged"; fi
  compose exec -T api couponry database acknowledge --set-aside 1
  until_so "new codes are handed out once the restored dump is acknowledged" take eve
  check_role "f|f|t|f"
}

SECONDS=0
compose up --detach --no-build --quiet-pull >/dev/null 2>&1
"try_$what"
