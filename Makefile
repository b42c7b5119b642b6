# Every target is one line here and a script under deploy/dev/ where one line is not enough.

export SQLX_OFFLINE ?= true
TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)

.PHONY: help run test check advisories house compat compat-pooler console upgrade fmt sqlx functions migration docs chaos drill fuzz bench bench-full bench-check

help: ## What there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Everything needed on a bare Debian or Ubuntu, then the demonstration; the server stays up
	@deploy/dev/postgres-programs.sh >/dev/null
	cargo build --release --locked --package couponry
	$(TARGET_DIR)/release/couponry demo

test: ## The whole suite on a throw-away PostgreSQL
	@deploy/dev/with-throwaway-postgres.sh deploy/dev/test.sh

check: ## Formatting, generated files up to date, compose files, versions, dashboards and alerts, lints, dependency rules
	cargo fmt --all --check
	deploy/dev/functions.py check
	deploy/dev/decisions.py
	deploy/dev/observability.sh
	deploy/dev/compose-files.sh
	deploy/dev/supply-chain.py
	deploy/dev/with-throwaway-postgres.sh deploy/dev/sqlx-cache.sh --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	deploy/dev/dependency-rules.sh

advisories: ## Whether a crate of the lock file has a known hole; fetches RustSec's database from GitHub
	deploy/dev/dependency-rules.sh advisories

house: ## Count what makes the tree hard to read
	@deploy/dev/house.py -v

compat: ## A server and its peers as processes, driven by examples/client.py; needs Python, which it installs
	@deploy/dev/with-throwaway-postgres.sh deploy/dev/compat.sh

compat-pooler: ## The same behind PgBouncer in transaction mode
	@deploy/dev/with-throwaway-postgres.sh deploy/dev/with-pooler.sh deploy/dev/compat.sh

console: ## The console in a real browser; needs Node and Chromium, which it installs
	@deploy/dev/console.sh

upgrade: ## An earlier program and its tests on this tree's schema: make upgrade FROM=COMMIT
	@deploy/dev/with-throwaway-postgres.sh deploy/dev/upgrade.sh $(FROM)

fmt: ## Format all Rust
	cargo fmt --all

sqlx: ## Refresh crates/storage/.sqlx from the queries and migrations
	deploy/dev/with-throwaway-postgres.sh deploy/dev/sqlx-cache.sh

functions: ## Put every SQL function into the one migration that has them all, until the first release
	deploy/dev/functions.py write

migration: ## A migration with the SQL functions that changed since the last one: make migration NAME=what_it_does
	deploy/dev/functions.py migration $(NAME)

docs: ## Refresh docs/openapi.json and docs/ERRORS.md from the program
	@cargo build --quiet --locked --package couponry
	@$(TARGET_DIR)/debug/couponry openapi > docs/openapi.json
	@$(TARGET_DIR)/debug/couponry openapi --errors > docs/ERRORS.md

chaos: ## Break servers, databases and what is between, and judge every answer; CHAOS="--seed 1 --kills 300 server-kills"
	@deploy/dev/postgres-programs.sh >/dev/null
	cargo build --release --locked --package couponry --package chaos
	$(TARGET_DIR)/release/chaos --program $(TARGET_DIR)/release/couponry $(CHAOS)

drill: ## Make couponry wrong on purpose, and look whether that is found: make drill, or some of it: make drill DEFECTS="03 07"
	@deploy/dev/postgres-programs.sh >/dev/null
	@deploy/dev/drill.sh $(DEFECTS)

fuzz: ## Inputs made to break what reads foreign ones, five minutes each; needs a nightly compiler: make fuzz SECONDS=60
	@deploy/dev/fuzz.sh $(or $(SECONDS),300)

bench: ## Measure beside what a user would otherwise do: about ten minutes; writes docs/performance
	deploy/dev/bench.sh --out docs/performance

bench-full: ## A list of a hundred million codes: half an hour, and 45 GB under COUPONRY_BENCH_DIR (/var/tmp)
	deploy/dev/bench.sh --out docs/performance/full --size full

bench-check: ## A small one that fails only on gross ratios, whatever the machine
	deploy/dev/bench.sh --out $(TARGET_DIR)/bench-check --size check
