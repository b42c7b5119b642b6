#!/bin/sh
# Makes the secrets of one installation, once: a second start finds them and changes nothing.
#
#   make-secrets.sh            what is missing
#   make-secrets.sh put NAME   a secret of yours, such as smtp-url, from standard input
#
# With COUPONRY_POOLER=HOST:PORT the database's URL leads through a pooler, and there is a direct one beside it.
set -eu
umask 077

directory=/run/couponry
# The users of the images.
service=10001
grafana=472

random() { od -An -v -tx1 -N "$1" /dev/urandom | tr -d ' \n'; }

# Written whole or not at all: a machine that stops here leaves no half of a secret behind.
keep() { # FILE OWNER: what is on standard input
  rm -f "$directory/$1.new"
  cat >"$directory/$1.new"
  # In this order: the container may give files away, but not touch what is another's.
  chmod 0400 "$directory/$1.new"
  chown "$2" "$directory/$1.new"
  mv "$directory/$1.new" "$directory/$1"
}

chmod 0711 "$directory"
if [ "${1:-}" = put ]; then
  case "${2:-}" in '' | *[!a-z0-9-]*) echo "a name has small letters, digits and hyphens" >&2; exit 2 ;; esac
  keep "$2" "$service"
  exit
fi

[ -s "$directory/postgres-password" ] || random 32 | keep postgres-password 0
password=$(cat "$directory/postgres-password")
url() { echo "postgres://couponry:$password@$1/couponry"; } # HOST:PORT
[ -s "$directory/database-url" ] || url "${COUPONRY_POOLER:-postgres:5432}" | keep database-url "$service"
[ -s "$directory/workspace-id" ] || random 12 | keep workspace-id "$service"
[ -s "$directory/api-key" ] || random 32 | keep api-key "$service"
[ -s "$directory/grafana-password" ] || random 16 | keep grafana-password "$grafana"
if [ -n "${COUPONRY_POOLER:-}" ]; then
  [ -s "$directory/database-direct-url" ] || url postgres:5432 | keep database-direct-url "$service"
  [ -s "$directory/pooler-users" ] || echo "\"couponry\" \"$password\"" | keep pooler-users "$service"
  [ -s "$directory/pgpass" ] || echo "*:*:*:couponry:$password" | keep pgpass "$service"
  # A volume belongs to root until somebody says otherwise.
  [ ! -d /backups ] || chown "$service" /backups
fi

echo "The workspace id and the API key of this installation:"
echo "  docker compose exec couponry cat /run/couponry/workspace-id"
echo "  docker compose exec couponry cat /run/couponry/api-key"
