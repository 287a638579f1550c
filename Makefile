# One command a wish; `make` lists them.
SHELL := /bin/bash
PYTHON := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev setup-bench demo serve check fix test test-quick bar bar-nightly bench audit release wheels

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup:  ## Make .venv from the pinned versions
	@.ci/setup

setup-dev:
	@.ci/setup dev

setup-bench:
	@.ci/setup bench

demo: setup  ## Start the service, add the examples, ask three questions, stop
	@$(PYTHON) examples/demo.py

serve: setup  ## Run the service on 127.0.0.1:8400 until Ctrl-C
	@.venv/bin/footnote serve

check: setup-dev  ## Format, lint, types, import contracts
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-cache

fix: setup-dev  ## Format, and mend what the linter can mend
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

test: setup-dev  ## Run the whole test suite on real models, Redis, Postgres and a browser
	@$(PYTHON) -m pytest

test-quick: setup-dev  ## Run the unit, contract and architecture tests only
	@$(PYTHON) -m pytest tests/unit tests/contract tests/architecture

BAR = tests/bar tests/e2e/test_no_egress.py tests/e2e/test_drain.py tests/e2e/test_backup.py \
	tests/integration/test_reading.py tests/integration/test_models.py tests/integration/test_sources.py

bar: setup-dev  ## Run the reliability and security checks and print their table (docs/bar.md)
	@BAR_SCALE=$${BAR_SCALE:-2} $(PYTHON) -m pytest -q $(BAR)

bar-nightly: setup-dev  ## The same, ten times as long: 200 kills, every failpoint, 50,000 passages
	@BAR_SCALE=20 $(PYTHON) -m pytest -q --timeout 7200 $(BAR)

bench: setup-bench  ## Measure Footnote beside a plain LangChain pipeline, on the evaluation sets
	@$(PYTHON) -m bench

audit: setup-dev  ## Ask OSV about every pinned version; URL=… asks a server of your own
	@.ci/audit $(URL)

release: setup-dev  ## Build wheel, source, bill of materials, checksums and signature into dist/
	@.ci/release

wheels: setup  ## Gather in wheels/ all that a machine without internet needs for `make demo`
	@.ci/wheels
