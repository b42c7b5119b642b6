#!/usr/bin/env bash
# Runs the program of an earlier commit or tag, with its own compatibility tests, on this tree's schema.
# with-throwaway-postgres.sh gives it the database:  deploy/dev/with-throwaway-postgres.sh deploy/dev/upgrade.sh COMMIT
set -euo pipefail
cd "$(dirname "$0")/../.."
before=${1:?which commit or tag was there before}

changed=$(git diff --name-only --diff-filter=DMR "$before" -- migrations/'0*.sql')
if [ -n "$changed" ]; then
  echo "since $before migrations were rewritten, which only happens before the first release:" $changed >&2
  exit 1
fi
tree=$(mktemp -d)
git worktree add --quiet --detach "$tree" "$before"
trap 'git worktree remove --force "$tree"' EXIT
# A target directory of its own: cargo would take one tree's artifacts for the other's.
(cd "$tree" && CARGO_TARGET_DIR=$tree/target cargo build --locked --quiet --package couponry)
cargo build --locked --quiet --package couponry
environment=$(deploy/dev/python-environment.sh)
export COUPONRY_BINARY=$tree/target/debug/couponry
COUPONRY_LATER_BINARY=$(realpath "${CARGO_TARGET_DIR:-target}/debug/couponry")
export COUPONRY_LATER_BINARY
export PYTHONDONTWRITEBYTECODE=1
(cd "$tree" && "$environment/bin/python" -m pytest --quiet --numprocesses 2 --dist loadfile tests/compat)
