#!/usr/bin/env bash
# Checks deny.toml: licences, sources, and which crate may know which library; with `advisories` instead, whether a crate has
# a known hole, by RustSec's database, which is fetched from GitHub.
set -euo pipefail

version=0.20.2
if [ "$(cargo deny --version 2>/dev/null)" != "cargo-deny $version" ]; then
  echo "cargo-deny $version is not here: building it, once; that takes some minutes" >&2
  cargo install --locked --quiet "cargo-deny@$version"
fi
if [ "${1-}" = advisories ]; then
  cargo deny --locked check advisories
else
  cargo deny --locked check bans licenses sources
fi
