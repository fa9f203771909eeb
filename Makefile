# Two commands for a newcomer: `make demo` and `make test`. They need Python 3.11 or newer and make.
PYTHON ?= python3
BIN := .venv/bin
PORT ?= 8080

.DEFAULT_GOAL := help
.PHONY: help install demo test check format bench lock clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: .venv/.installed ## Set up .venv with what running, tests and benchmarks need

.venv/.installed: requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed (make PYTHON=python3.12 ..)")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

demo: install ## The gateway over three embedded Oases; a first query; serves until Ctrl-C
	@$(BIN)/gateway demo --port $(PORT)

test: install ## All tests, on embedded Oases
	$(BIN)/python -m pytest

check: install ## Format, lint, types, import contract, docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

format: install ## Write the code as ruff wants it
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: install ## Side-by-side benchmarks; prints ratios
	$(BIN)/python -m tests.bench.bench_translate
	@if [ -n "$$GATEWAY_TEST_OASES" ]; then $(BIN)/python -m tests.bench.bench_first_page; \
	else echo "bench_first_page left out: it needs real Oases in GATEWAY_TEST_OASES"; fi

lock: install ## Pin what pyproject.toml asks for (needs uv)
	uv pip compile pyproject.toml --extra redis --extra otel --universal --generate-hashes --no-annotate --no-header --no-emit-index-url -o requirements.lock
	uv pip compile pyproject.toml --extra redis --extra otel --group dev --universal --generate-hashes --no-annotate --no-header --no-emit-index-url -o requirements-dev.lock

clean: ## Remove what the other targets made
	rm -rf .venv site dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
