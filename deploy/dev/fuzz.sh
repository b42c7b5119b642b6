#!/usr/bin/env bash
# Feeds each reader of foreign input with what is made to break it, so many seconds each: fuzz.sh [SECONDS [READER…]]
set -euo pipefail
cd "$(dirname "$0")/../.."
export SQLX_OFFLINE=true

seconds=${1:-300}
version=0.13.2
if ! cargo +nightly --version >/dev/null 2>&1; then
  echo "fuzzing needs a nightly compiler, and there is none: rustup toolchain install nightly" >&2
  exit 1
fi
if [ "$(cargo fuzz --version 2>/dev/null)" != "cargo-fuzz $version" ]; then
  echo "cargo-fuzz $version is not here: building it, once" >&2
  cargo install --locked --quiet "cargo-fuzz@$version"
fi

readers=("${@:2}")
[ ${#readers[@]} -gt 0 ] || mapfile -t readers < <(cargo +nightly fuzz list)
for reader in "${readers[@]}"; do
  mkdir -p "fuzz/corpus/$reader"
  echo "== $reader, $seconds s"
  # What is found stays in fuzz/artifacts, and the run ends.
  cargo +nightly fuzz run "$reader" "fuzz/corpus/$reader" "fuzz/seeds/$reader" -- \
    -max_total_time="$seconds" -max_len=4096 -timeout=10 -print_final_stats=1 2>&1 |
    grep -vE '^#|^INFO|NEW_FUNC'
done
