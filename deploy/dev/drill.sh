#!/usr/bin/env bash
# Makes couponry wrong on purpose, and looks whether that is found: one defect of crates/chaos/drill after the other, or those whose
# numbers are given.
#
# What is SQL is done to the database once it has the migrations, so nothing is built for it. A patch is built in a tree of its own.
set -euo pipefail
cd "$(dirname "$0")/../.."
export SQLX_OFFLINE=true
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
export DEFECTS=$PWD/crates/chaos/drill SOUND=$target/debug/couponry PSQL
PSQL="$(command -v psql) --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1"
scratch=$(mktemp -d)
log=$scratch/log
remove() {
  [ ! -d "$scratch/tree" ] || git worktree remove --force "$scratch/tree"
  rm -rf "$scratch"
}
trap remove EXIT

# The program as it should be, on a database that is not: chaos starts it like any other.
write_program() { # DEFECT
  cat >"$scratch/couponry" <<END
#!/bin/bash
set -euo pipefail
if [ "\$1" = serve ] && [ -z "\$($PSQL "\$DATABASE_URL" --command "select to_regclass('ledger')")" ]; then
  $SOUND migrate >&2
  $PSQL "\$DATABASE_URL" --file $DEFECTS/spoil.sql --file $1 >&2
fi
exec $SOUND "\$@"
END
  chmod +x "$scratch/couponry"
  program=$scratch/couponry
}

build() { # PATCH FINDER …
  [ -d "$scratch/tree" ] || git worktree add --quiet --detach "$scratch/tree" HEAD
  git -C "$scratch/tree" checkout --quiet . && git -C "$scratch/tree" apply "$1" || return 1
  local what=(build --quiet --package couponry)
  [ "$2" = chaos ] || what=(nextest run --cargo-quiet --no-run --package "$3")
  # A target directory of its own: cargo would take one tree's artifacts for the other's.
  (cd "$scratch/tree" && CARGO_TARGET_DIR=$target/drill cargo "${what[@]}" --locked) || return 1
  program=$target/drill/debug/couponry
}

# The tests' databases are copies of template1, so what is wrong there is wrong in each.
run_tests() { # DEFECT PACKAGE NAME
  local tree=$PWD tests=$target
  [[ $1 == *.sql ]] || { tree=$scratch/tree tests=$target/drill; }
  # shellcheck disable=SC2016
  TREE=$tree CARGO_TARGET_DIR=$tests deploy/dev/with-throwaway-postgres.sh bash -euo pipefail -c '
    if [[ $0 == *.sql ]]; then
      template=${COUPONRY_TEST_DATABASE_URL/"/postgres?"/"/template1?"}
      DATABASE_URL=$template "$SOUND" migrate
      $PSQL "$template" --file "$DEFECTS/spoil.sql" --file "$0"
    fi
    cd "$TREE"
    exec cargo nextest run --locked --no-fail-fast --package "$1" -E "test($2)"' "$@"
}

# Found: a promise is said to be broken, or a test fails. Whatever else goes wrong is no find.
drill() { # DEFECT
  local finder found='' began status=0 program=''
  read -ra finder <<<"$(sed -nE 's/^(-- )?Found by: //p' "$1")"
  echo "$(basename "$1"): $(sed -nE '1s/^(-- )?//p' "$1")"
  case $1 in
    *.sql) write_program "$1" ;;
    *) build "$1" "${finder[@]}" || { echo "  CANNOT BE MADE any more: write it anew"; return 1; } ;;
  esac
  began=$SECONDS
  case ${finder[0]} in
    chaos)
      "$target/debug/chaos" --seed 1 --seconds 120 --program "$program" "${finder[@]:1}" >"$log" 2>&1 || status=$?
      found=$(grep -m1 -A1 BROKEN "$log" | tail -1 || true) ;;
    test)
      run_tests "$1" "${finder[@]:1}" >"$log" 2>&1 || status=$?
      # What nextest ends with where a test has failed.
      [ "$status" != 100 ] || found=$(grep -m1 -A1 'panicked at' "$log" | tail -1 || true) ;;
  esac
  if [ -z "$found" ]; then
    echo "  NOT FOUND by ${finder[*]}:"
    tail -20 "$log" | sed 's/^/    /'
    return 1
  fi
  echo "  found after $((SECONDS - began)) s by ${finder[*]}: $(sed 's/^ *//' <<<"$found" | cut -c 1-200)"
}

cargo build --locked --quiet --package couponry --package chaos
cargo nextest run --no-run --locked --cargo-quiet --package storage --package couponry
missed=0
for number in "${@:-[0-9]}"; do
  for defect in "$DEFECTS"/$number*; do
    drill "$defect" || missed=$((missed + 1))
  done
done
[ "$missed" = 0 ] || { echo "$missed were not found" >&2; exit 1; }
