#!/usr/bin/env bash
# The console in a real browser: tests/console against the program, with a private PostgreSQL. Installs what is missing from
# the distribution (Chromium, Node) and, by its lock file, from npm; it never downloads a browser.
set -euo pipefail

install() {
  local as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  echo "installing Debian's packages: $*" >&2
  "${as_root[@]}" apt-get update -q >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >&2
}

command -v chromium >/dev/null || install chromium fonts-noto-core
command -v node >/dev/null || install nodejs npm
deploy/dev/postgres-programs.sh >/dev/null
cargo build --quiet --locked --package couponry
program=$(realpath "${CARGO_TARGET_DIR:-target}/debug/couponry")
cd tests/console
# As it is in the lock file, unless it is there already.
[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --ignore-scripts --no-audit --no-fund --silent
exec node run.mjs "$program"
