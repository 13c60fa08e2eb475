# Commands for developers. `make check` must pass before a commit.
.PHONY: check fmt test fuzz messages bless

check:
	ruff check .
	ruff format --check .
	mypy
	logdiag rules lint
	logdiag rules test

fmt:
	ruff check --fix .
	ruff format .

test: check
	python -m pytest -n auto --dist worksteal

# Search for inputs that break the code: `make fuzz SECONDS=900 TARGET=rules CRASHES=/tmp/crashes` (all are optional).
SECONDS ?= 60
fuzz:
	python tests/fuzz/fuzz.py --seconds $(SECONDS) $(if $(TARGET),--target $(TARGET)) $(if $(CRASHES),--crashes $(CRASHES))

# Collect all texts in reports/locale/logdiag.pot, and update the catalogue of each language from it.
messages:
	python reports/locale/messages.py

# Rewrite the golden files (reports, JSON, errors, schemas). Read the diff before you commit it.
bless:
	python -m pytest --bless
