# Every chore is one word. They need Python 3.11 or newer with pip; everything else they bring along.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

# PORT, HOST, DATABASE_URL, REDIS_URL, ARGS, ... reach the scripts by the environment.
export
.PHONY: help run test lint bench seed lock clean
.DEFAULT_GOAL := help

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-6s %s\n", $$1, $$2}' Makefile

run: python ## Start kam with sample data (PORT=8000 HOST=127.0.0.1 DATABASE_URL= REDIS_URL=)
	@$(PYTHON) -m scripts.run

test: python ## Checks and tests, on SQLite and PostgreSQL (ARGS="-k name" for some, without checks)
	@$(PYTHON) -m scripts.test

lint: python ## Check style, types, layers, templates, migrations and settings
	@$(PYTHON) -m scripts.lint

bench: python ## Measure against bare SQL and bare Django, on PostgreSQL (ARGS=...)
	@$(PYTHON) -m scripts.bench

seed: python ## Fill an empty database with the sample company (ARGS=--force)
	@$(PYTHON) -m scripts.seed

lock: python ## Pin the requirements anew from pyproject.toml (ARGS=--upgrade)
	@$(PYTHON) -m scripts.lock

clean: ## Remove the environment, the local database and everything built
	@rm -rf .venv var .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .benchmarks
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: python
python:
	@test -n "$(PYTHON)" || { echo "kam needs Python 3.11 or newer (PYTHON=/path/to/python names one)." >&2; exit 2; }
