# `make` or `make help` lists the targets. Everything is built below target/, everything fetched below .kafka/.
SHELL := /bin/sh
.DEFAULT_GOAL := help
export CARGO_INCREMENTAL := 0

CARGO ?= cargo
PORT ?= 9092
# The demo needs no Kafka, which takes minutes to compile.
DEMO := --profile demo -p winback --no-default-features

.PHONY: help
help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: tools
tools:
	@command -v $(CARGO) >/dev/null || { echo "winback needs Rust: install rustup (https://rustup.rs) and open a new shell"; exit 1; }
	@command -v cc >/dev/null || { echo "winback needs a C compiler: apt-get install build-essential, or your system's like"; exit 1; }

.PHONY: run
run: tools ## The demo: a day of signals in a minute, every trigger told; stays up until Ctrl-C
	@$(CARGO) build $(DEMO) --quiet 2>/dev/null || $(CARGO) build $(DEMO)
	@exec target/demo/winback demo

.PHONY: build
build: tools ## The binary for use, with Kafka: target/release/winback
	$(CARGO) build --release -p winback

.PHONY: test
test: tools ## All tests, with the ten slowest: the embedded logs, and a real Kafka where Java and Maven are there
	@CARGO=$(CARGO) tests/timed/run --workspace

.PHONY: simulate
simulate: tools ## The simulation at length: make simulate SCHEDULES=1000000 SEED=7
	SIMULATION_SEED=$(SEED) SIMULATION_SCHEDULES=$(SCHEDULES) $(CARGO) test --release -p winback-detector \
	  --test simulation -- --ignored --nocapture for_as_long_as_was_asked

.PHONY: fuzz
fuzz: tools ## Random bytes for every source decoder, internal topic and the HTTP server: make fuzz SECONDS=60 each
	FUZZ_SECONDS=$(or $(SECONDS),60) $(CARGO) test --workspace --lib --test robustness --test fuzz \
		fuzz_ -- --test-threads=1

.PHONY: faults
faults: tools ## Long fault runs on real brokers: SEED=1 KILLS=1000 PARTS=T1,T3,T8; writes docs/faults/REPORT.md
	FAULTS_SEED=$(SEED) FAULTS_KILLS=$(KILLS) FAULTS_PARTS=$(PARTS) \
		$(CARGO) test -p winback --test faults -- --ignored --exact --nocapture long::the_long_runs

.PHONY: soak
soak: tools ## A member under a steady load for MINUTES=30: memory, descriptors and threads
	SOAK_MINUTES=$(MINUTES) $(CARGO) test -p winback --test faults -- --ignored --exact --nocapture \
		soak::a_member_under_a_steady_load_holds_no_more_than_before

.PHONY: mutations
mutations: tools ## Breaks each rule of a lane's protocol on purpose: does a test go red? Half an hour
	@tests/mutations/run

.PHONY: quality
quality: tools ## Lists of bots, domains, names against published ones: what is missed; needs npm, pip, the network
	tests/quality/fetch
	$(CARGO) test --workspace --test bots --test quality -- --ignored --nocapture quality_

.PHONY: lists
lists: ## Writes the lists anew that are built from published ones; look at the difference before it is committed
	tests/quality/fetch
	node tests/quality/page-bots.mjs >target/quality/names.txt && mv target/quality/names.txt config/sources/page-bots-names.txt
	node tests/quality/networks.mjs >target/quality/networks.txt && mv target/quality/networks.txt config/sources/link-scanner-networks.txt
	node tests/quality/legal-forms.mjs >target/quality/forms.txt && mv target/quality/forms.txt crates/core/src/identity/data/legal-forms-gleif.txt
	node tests/quality/domains.mjs

.PHONY: lint
lint: tools ## Format, clippy, words, whether the mutations still fit, and cargo-deny where it is installed
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	tests/mutations/run --check
	tests/words/check
	@if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny --all-features check bans licenses sources; \
	else echo "SKIPPED: cargo-deny is not installed: cargo install --locked cargo-deny"; fi

.PHONY: audit
audit: tools ## Known vulnerabilities in the dependencies; needs the network
	$(CARGO) deny --all-features check advisories

.PHONY: bench
bench: tools ## Benchmarks: parse, match, step; and a run on a real Kafka beside a bare client
	$(CARGO) bench --workspace

.PHONY: kafka
kafka: ## An Apache Kafka on 127.0.0.1:PORT (9092), in the foreground; needs Java 17 and Maven
	@exec deploy/kafka/run --port $(PORT)

.PHONY: clean
clean: ## Remove what was built, fetched and written here
	$(CARGO) clean
	rm -rf .kafka outbox snapshots winback-demo.db winback-demo.db-wal winback-demo.db-shm winback-demo.db.lock
