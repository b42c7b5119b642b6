#!/bin/bash
# Dumps of the database, in the volume `backups`.
#
#   backup.sh every-day      one now if the newest is older than a day, then one each day; keeps COUPONRY_BACKUPS_KEPT
#   backup.sh now            one
#   backup.sh list
#   backup.sh restore FILE   puts the database back to what it was then; stop api and worker first
#   backup.sh check          fails if the newest is older than 26 hours
set -euo pipefail

place=/backups
database=(--host=postgres --username=couponry --no-password)
export PGPASSFILE=/run/couponry/pgpass
# The role's limit is for requests.
export PGOPTIONS='-c statement_timeout=0'

newest() { find "$place" -maxdepth 1 -name '*.dump' -mmin "-$1" -print -quit; } # younger than so many MINUTES

dump() {
  local file
  file=$place/couponry-$(date -u +%Y%m%dT%H%M%SZ).dump
  # Under another name until it is whole and can be read. One `&&` after the other: `every_day` asks for the outcome, and
  # within an `if` bash does not stop at a failure.
  pg_dump "${database[@]}" --format=custom --compress=6 --file="$file.partial" couponry &&
    pg_restore --list "$file.partial" >/dev/null &&
    sync "$file.partial" &&
    mv "$file.partial" "$file" &&
    echo "dumped: $file, $(stat --format=%s "$file") bytes"
}

rotate() {
  find "$place" -maxdepth 1 -name '*.partial' -mmin +1440 -delete
  find "$place" -maxdepth 1 -name '*.dump' | sort --reverse | tail --lines="+$((COUPONRY_BACKUPS_KEPT + 1))" | xargs --no-run-if-empty rm --
}

every_day() {
  local pause
  trap 'exit 0' TERM INT
  while true; do
    pause=60
    if [ -n "$(newest 1439)" ]; then :
    elif dump; then rotate
    else
      echo "no dump was made; trying again in ten minutes" >&2
      pause=600
    fi
    # In the background, so that a signal is heard at once.
    sleep "$pause" &
    wait $!
  done
}

restore() { # FILE
  local file former
  file=$place/$(basename "$1")
  former=couponry_until_$(date -u +%Y%m%dt%H%M%Sz)
  [ -f "$file" ] || { echo "$file is not there; there are:" >&2; list >&2; exit 1; }
  if [ "$(ask "select count(*) from pg_stat_activity where datname = 'couponry' and backend_type = 'client backend'")" != 0 ]; then
    echo "somebody is connected to the database: stop proxy, api, worker and pgbouncer first" >&2
    exit 1
  fi
  # Beside the present one, which is there as long as this may fail.
  ask "drop database if exists couponry_restore"
  createdb "${database[@]}" --template=template0 --locale=C --encoding=UTF8 couponry_restore
  pg_restore "${database[@]}" --dbname=couponry_restore --exit-on-error "$file"
  # It says of each table that is the superuser's that it passes it over.
  psql "${database[@]}" --dbname=couponry_restore --quiet --command="set client_min_messages = error" --command=analyze
  ask "begin; alter database couponry rename to $former; alter database couponry_restore rename to couponry; commit"
  echo "restored: $file; what was there before is the database $former, to be dropped when nobody misses it"
}

ask() { psql "${database[@]}" --dbname=postgres --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --command="$1"; } # SQL

list() { find "$place" -maxdepth 1 -name '*.dump' -printf '%f  %s bytes\n' | sort; }

case "${1:-}" in
  every-day) every_day ;;
  now) dump ;;
  list) list ;;
  restore) restore "${2:?which file? backup.sh list shows them}" ;;
  check) [ -n "$(newest 1560)" ] || { echo "no dump of the last 26 hours" >&2; exit 1; } ;;
  *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
