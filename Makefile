# Short names for what is done every day. Only `tests/run` is needed: `make test-all` is what CI runs.

SHELL := /bin/bash
tools := .venv-tests/main/bin

.PHONY: help setup test test-all lint demo docs

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

setup: ## make the virtual environment of the tests, from the locked packages
	@set -euo pipefail; fail() { echo "make setup: $$*" >&2; exit 3; }; \
	. tests/environment.sh; environment main "$$(command -v python3)" requirements.lock requirements-tests.lock

test: ## style, types and the quick unit tests
	tests/run --quick

test-all: ## every test
	tests/run

lint: setup ## style, types and shell scripts alone
	$(tools)/ruff check .
	$(tools)/ruff format --check .
	$(tools)/mypy --strict plugin tests
	shellcheck -x $$(git grep -lE '^#!(/usr/bin/env bash|/bin/(ba)?sh)|^# shellcheck shell=')

demo: ## a stand-in cPanel server, its verdict and the page in WHM (Debian or Ubuntu, as root)
	./install.sh --demo

docs: setup ## what is generated: the table of privileges, the identifiers, the catalog
	PYTHONPATH=plugin $(tools)/python -m tests.privileges --write
	PYTHONPATH=plugin $(tools)/python -m tests.finding_ids --write
	PYTHONPATH=plugin $(tools)/python -m tests.rule_pages --write
	PYTHONPATH=plugin $(tools)/python -m tests.catalogue extract
	PYTHONPATH=plugin $(tools)/python -m tests.catalogue check
