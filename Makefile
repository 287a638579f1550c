# One command a wish; `make` lists them.
SHELL := /bin/bash
PYTHON := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev setup-bench demo serve check fix test test-quick bar bar-all bar-nightly bench audit release wheels

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
	@$(PYTHON) -m compileall -q services ingest  # else each service of a test compiles it anew
	@PYTHONDONTWRITEBYTECODE= $(PYTHON) -m pytest -n 3

test-quick: setup-dev  ## Run the unit, contract and architecture tests only
	@$(PYTHON) -m pytest tests/unit tests/contract tests/architecture

BAR = tests/bar tests/e2e/test_no_egress.py tests/e2e/test_drain.py tests/e2e/test_backup.py \
	tests/integration/test_reading.py tests/integration/test_models.py tests/integration/test_sources.py
# Of the last three files, these are the core's: U5, U6, L3, U7.
CORE = tests/bar tests/e2e/test_no_egress.py tests/e2e/test_drain.py \
	tests/integration/test_reading.py::test_a_child_has_no_network_no_secrets_and_little_memory \
	tests/integration/test_models.py::test_control_tokens_in_a_document_stay_text \
	$(foreach one, no_spelling_reaches_a_private_address a_name_that_changes_its_address_gains_nothing \
	a_name_at_this_machine_is_refused_and_one_on_the_list_is_fetched redirects_go_through_the_same_door, \
	tests/integration/test_sources.py::test_u7_$(one))

bar: setup-dev  ## Run the core of the reliability and security checks and print its table (docs/bar.md)
	@BAR_SCALE=$${BAR_SCALE:-2} $(PYTHON) -m pytest -q -n 2 -m "not beyond" $(CORE)

bar-all: setup-dev  ## Run all of them
	@BAR_SCALE=$${BAR_SCALE:-2} $(PYTHON) -m pytest -q -n 2 $(BAR)

bar-nightly: setup-dev  ## Run all of them ten times as long: 200 kills, every failpoint, 50,000 passages
	@BAR_SCALE=20 $(PYTHON) -m pytest -q --timeout 7200 $(BAR)

bench: setup-bench  ## Measure Footnote beside a plain LangChain pipeline, on the evaluation sets
	@$(PYTHON) -m bench

audit: setup-dev  ## Ask OSV about every pinned version; URL=… asks a server of your own
	@.ci/audit $(URL)

release: setup-dev  ## Build wheel, source, bill of materials, checksums and signature into dist/
	@.ci/release

wheels: setup  ## Gather in wheels/ all that a machine without internet needs for `make demo`
	@.ci/wheels
