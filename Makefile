# Everything a developer runs. `make check` is what has to pass before a commit.
.PHONY: check fmt test messages bless

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

# Collects all texts in reports/locale/logdiag.pot and updates the catalogue of each language from it.
messages:
	python reports/locale/messages.py

# Rewrites the golden files (reports, JSON, errors, schemas); look at the diff before you commit it.
bless:
	python -m pytest --bless
