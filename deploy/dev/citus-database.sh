#!/usr/bin/env bash
# Makes or drops a database on a running Citus cluster: create NAME, drop NAME. $COUPONRY_CITUS_NODES names the nodes as
# host:port, the coordinator first; psql must get in as the user postgres. tests/compat makes its databases with it, if
# COUPONRY_TEST_DATABASE_PROGRAM is this file and COUPONRY_TEST_DATABASE_URL names the coordinator.
set -euo pipefail

[ $# = 2 ] || { echo "usage: $0 create|drop NAME" >&2; exit 2; }
name=$2
read -ra nodes <<<"$COUPONRY_CITUS_NODES"

on() { # NODE DATABASE SQL
  psql --no-psqlrc --quiet --tuples-only --set ON_ERROR_STOP=1 --host "${1%:*}" --port "${1#*:}" --username postgres \
    --dbname "$2" --command "$3" >/dev/null
}

case $1 in
  create)
    for node in "${nodes[@]}"; do
      on "$node" postgres "create database \"$name\""
      on "$node" "$name" "create extension citus"
    done
    coordinator=${nodes[0]}
    on "$coordinator" "$name" "select citus_set_coordinator_host('${coordinator%:*}', ${coordinator#*:})"
    for node in "${nodes[@]:1}"; do
      on "$coordinator" "$name" "select citus_add_node('${node%:*}', ${node#*:})"
    done
    on "$coordinator" "$name" \
      "select citus_set_node_property('${coordinator%:*}', ${coordinator#*:}, 'shouldhaveshards', false)"
    ;;
  drop)
    for node in "${nodes[@]}"; do
      on "$node" postgres "drop database if exists \"$name\" with (force)"
    done
    ;;
esac
