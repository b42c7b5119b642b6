#!/usr/bin/env bash
# Checks deny.toml: licences, sources, and which crate may know which library.
set -euo pipefail

version=0.20.2
if [ "$(cargo deny --version 2>/dev/null)" != "cargo-deny $version" ]; then
  echo "cargo-deny $version is not here: building it, once; that takes some minutes" >&2
  cargo install --locked --quiet "cargo-deny@$version"
fi
cargo deny --locked check bans licenses sources
