#!/usr/bin/env bash
# Measures the release server beside what a user would otherwise do (crates/bench); installs on Debian and Ubuntu what
# it needs for that. The arguments go to `bench`.
set -euo pipefail
cd "$(dirname "$0")/../.."

install_missing() {
  local packages=() as_root=()
  command -v wrk >/dev/null || packages+=(wrk)
  command -v redis-server >/dev/null || packages+=(redis-server)
  [ ${#packages[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || {
    echo "${packages[*]}: not here, and this system has no apt-get: install them" >&2
    exit 1
  }
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  echo "installing Debian's packages ${packages[*]}" >&2
  "${as_root[@]}" apt-get update -q >&2
  # In run level 1 invoke-rc.d starts nothing: Debian would start a Redis of its own on port 6379.
  "${as_root[@]}" env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -q --no-install-recommends "${packages[@]}" >&2
}

deploy/dev/postgres-programs.sh >/dev/null
install_missing
cargo build --quiet --release --locked --package couponry --package bench
release=${CARGO_TARGET_DIR:-target}/release
exec "$release/bench" --server "$release/couponry" "$@"
