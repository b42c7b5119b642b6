#!/usr/bin/env bash
# Prints the directory of PostgreSQL's server programs (15 or later); installs them on Debian and Ubuntu if there are none.
set -euo pipefail

major_of() { # DIRECTORY -> major version, 0 if the programs are not there
  { [ -x "$1/initdb" ] && "$1/postgres" --version 2>/dev/null | sed -nE 's/^.*\) ([0-9]+).*$/\1/p' | grep .; } || echo 0
}

find_programs() {
  local best='' best_major=14 directory major
  local candidates=(/usr/lib/postgresql/*/bin)
  candidates+=("$(pg_config --bindir 2>/dev/null || true)" "$(dirname "$(command -v postgres || echo /nowhere/postgres)")")
  [ -z "${COUPONRY_PG_BIN_DIR:-}" ] || candidates=("$COUPONRY_PG_BIN_DIR")
  for directory in "${candidates[@]}"; do
    major=$(major_of "$directory")
    if [ "$major" -gt "$best_major" ]; then best=$directory best_major=$major; fi
  done
  [ -n "$best" ] && echo "$best"
}

install_programs() {
  local as_root=()
  command -v apt-get >/dev/null || {
    echo "PostgreSQL's server programs (15 or later) are not here, and this system has no apt-get: install them, or set COUPONRY_PG_BIN_DIR" >&2
    exit 1
  }
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  echo "PostgreSQL's server programs are not here: installing Debian's package postgresql (no cluster is created)" >&2
  # Without this Debian starts a server of its own on port 5432.
  "${as_root[@]}" mkdir -p /etc/postgresql-common
  grep -qs '^create_main_cluster = false' /etc/postgresql-common/createcluster.conf ||
    echo 'create_main_cluster = false' | "${as_root[@]}" tee -a /etc/postgresql-common/createcluster.conf >/dev/null
  "${as_root[@]}" apt-get update -q >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends postgresql >&2
}

find_programs && exit
install_programs
find_programs || {
  echo "the package postgresql of this system is older than 15: see https://www.postgresql.org/download/linux/" >&2
  exit 1
}
