# Two commands for a newcomer: `make demo` and `make test`. They need Python 3.11 or newer and make.
PYTHON ?= python3
BIN := .venv/bin
# Locked, hashed and closed: pip only fetches and unpacks, it decides nothing. What has to be built
# is built by what requirements-build.lock has installed.
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation --use-pep517
LOCKED := $(PIP) --require-hashes --requirement
# Tests run on all cores; `make test PYTEST='-n0 -x'` on one.
PYTEST ?= --numprocesses auto --dist worksteal
# What `make quick` leaves out, besides tests that are marked slow: all that asks for long.
LONG := clients contract faults hostile laws native serve/downloads web whole

# Tests start many processes, and every worker reads all tests: what was compiled is kept.
unexport PYTHONDONTWRITEBYTECODE


.DEFAULT_GOAL := help
.PHONY: help install demo test web pictures quick check format bench load data dist sbom provenance audit lock clean
.DELETE_ON_ERROR:

help: ## Show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: .venv/.run ## Set up .venv with what running needs

.venv/.run: requirements.lock requirements-build.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed (make PYTHON=python3.12 ..)")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Setting up .venv, once"
	@$(LOCKED) requirements-build.lock
	@$(LOCKED) requirements.lock
	@$(PIP) --editable .
	@touch $@

# What one target needs besides: .venv/.test, .venv/.check, .venv/.bench, .venv/.web, .venv/.data
.venv/.%: requirements-%.lock .venv/.run
	@echo "Adding to .venv what is needed to $*, once"
	@$(LOCKED) $<
	@touch $@

demo: .venv/.run ## The gateway over three embedded Oases; a first query; serves until Ctrl-C
	@$(BIN)/gateway demo $(if $(PORT),--port $(PORT))

test: .venv/.test ## All tests, on embedded Oases
	$(BIN)/python -m pytest $(PYTEST)

web: .venv/.test .venv/.web ## The tests of the pages in a real browser (Debian: chromium-headless-shell)
	WEB_TESTS=required $(BIN)/python -m pytest -n0 tests/web

pictures: .venv/.test .venv/.web ## Take the pictures of the pages anew, into docs/assets/page/
	$(BIN)/python -m tests.web.make_pictures

quick: .venv/.test ## The tests for the everyday loop
	$(BIN)/python -m pytest $(PYTEST) -m "not slow" --hypothesis-profile quick $(addprefix --ignore tests/,$(LONG))

check: .venv/.check ## Format, lint, types, import contract, docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

format: .venv/.check ## Write the code as ruff wants it
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/.bench ## Side-by-side benchmarks; prints ratios
	$(BIN)/python -m tests.bench $(BENCH)

load: .venv/.run ## What each kind of request needs: of a gateway of ours, or URL=.. (LOAD='--seconds 30')
	$(BIN)/python -m tests.bench.sizing $(if $(URL),--url $(URL)) $(LOAD)

data: .venv/.data ## Write the demo's data anew, the same each time
	$(BIN)/python -m tests.making.demo

dist: .venv/.run ## The wheel and the source archive, into dist/, the same each time
	$(BIN)/python -m hatchling build

sbom: .venv/.test ## The list of parts for programs (CycloneDX), beside the wheel
	@mkdir -p dist
	$(BIN)/python -m tests.release.sbom > dist/sbom.cdx.json

provenance: .venv/.test ## What is in dist/, built from which commit and locks (in-toto, SLSA)
	$(BIN)/python -m tests.release.provenance > dist/provenance.json
	cd dist && sha256sum *.whl *.tar.gz *.json > SHA256SUMS

audit: .venv/.test ## Known weaknesses of what is locked, by pip-audit if there; else the age of the lock
	$(BIN)/python -m tests.release.audit

# Each lock holds all that its target needs, and all locks agree: each is resolved under the one before.
UV ?= $(BIN)/uv
COMPILE = $(UV) pip compile --quiet --universal --generate-hashes --no-annotate --no-header --no-emit-index-url $(UPGRADE)
RUN := pyproject.toml --extra redis --extra otel
TESTED := --constraint requirements-test.lock

lock: .venv/.check .venv/.test ## Lock what pyproject.toml asks for; pins stay (UPGRADE=--upgrade: the newest)
	$(COMPILE) $(RUN) --output-file requirements.lock
	$(COMPILE) $(RUN) --group test --constraint requirements.lock --output-file requirements-test.lock
	$(COMPILE) $(RUN) --group check $(TESTED) --output-file requirements-check.lock
	$(COMPILE) $(RUN) --group bench $(TESTED) --output-file requirements-bench.lock
	$(COMPILE) $(RUN) --group web $(TESTED) --output-file requirements-web.lock
	$(COMPILE) $(RUN) --group data $(TESTED) --output-file requirements-data.lock
	$(COMPILE) --group build $(TESTED) --output-file requirements-build.lock
	$(BIN)/python -m tests.setup.write_metadata
	$(BIN)/python -m tests.release.licences

clean: ## Remove what the other targets made
	rm -rf .venv site dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find src tests -name __pycache__ -prune -exec rm -rf {} +
