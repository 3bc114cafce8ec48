# `make check` is everything that must be green before a commit; CI runs the same.
PYTHON ?= .venv/bin/python

.PHONY: check lint types borders docs test

check: lint types borders docs test

lint:
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .

types:
	$(PYTHON) -m mypy

borders:
	$(PYTHON) -c "from importlinter.cli import lint_imports_command; lint_imports_command()"

docs:
	$(PYTHON) docs/generate.py --check

test:
	$(PYTHON) -m pytest
