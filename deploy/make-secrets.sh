#!/bin/sh
# Makes the secrets of one installation, once: a second start finds them and changes nothing.
set -eu
umask 077

directory=/run/couponry
service=10001 # the user of the couponry image

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
[ -s "$directory/postgres-password" ] || random 32 | keep postgres-password 0
password=$(cat "$directory/postgres-password")
[ -s "$directory/database-url" ] || echo "postgres://couponry:$password@postgres:5432/couponry" | keep database-url "$service"
[ -s "$directory/workspace-id" ] || random 12 | keep workspace-id "$service"
[ -s "$directory/api-key" ] || random 32 | keep api-key "$service"

echo "The workspace id and the API key of this installation:"
echo "  docker compose exec couponry cat /run/couponry/workspace-id"
echo "  docker compose exec couponry cat /run/couponry/api-key"
