# Everything a person or a machine does with this project; `make` alone lists it.
# Needed: Python 3.11 or newer, make, and a package index. Paths are relative, so the folder's name may hold spaces.

SHELL := /bin/sh
PORT = 8000
HOST = 127.0.0.1
DATA = instance
DEMO = yes
ARGS =

PIP := .venv/bin/python -m pip --disable-pip-version-check -q
INSTALL := $(PIP) install --require-hashes -r
CATALOGS := $(wildcard translations/*/LC_MESSAGES/messages.po)

.PHONY: help install run test check messages pin bench faults screenshots
.DEFAULT_GOAL := help

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

install: .venv/run.stamp $(CATALOGS:.po=.mo) ## Make the environment in .venv

run: install ## Run everything on this machine: [PORT=8000] [HOST=127.0.0.1] [DATA=instance] [DEMO=no]
	@exec .venv/bin/python -m quizapp run --host "$(HOST)" --port "$(PORT)" --data "$(DATA)" $(if $(filter yes,$(DEMO)),--demo)

test: install .venv/test.stamp ## Run all tests: [ARGS="-k recorder"]
	.venv/bin/python -m pytest -n 2 $(ARGS)

faults: install .venv/test.stamp ## Kill, freeze and starve servers under load, the slow rows too: [ARGS="-k f5"]
	.venv/bin/python -m pytest tests/faults tests/deploy -m "quick or slow" $(ARGS)

check: install .venv/check.stamp ## Check style, types, the order of the rooms, templates and spelling
	.venv/bin/python -m ruff check .
	.venv/bin/python -m ruff format --check .
	.venv/bin/python -m mypy
	.venv/bin/lint-imports
	.venv/bin/python -m djlint --quiet --lint templates
	.venv/bin/codespell

bench: install .venv/test.stamp ## Measure what docs/performance.md promises, and write it anew: [ARGS=--full] [ARGS="--only answer"]
	.venv/bin/python -m bench $(ARGS)

screenshots: install .venv/test.stamp ## Take the pictures of the main pages in docs/screenshots anew
	.venv/bin/python -m tests.journeys.screenshots

messages: install ## Gather the sentences of code and templates into the translations
	.venv/bin/pybabel -q extract -F translations/babel.cfg -k _l -k N_ --no-wrap -o translations/messages.pot .
	.venv/bin/pybabel -q update --ignore-obsolete --no-fuzzy-matching --no-wrap -i translations/messages.pot -d translations

pin: .venv/check.stamp ## Choose the newest allowed versions of all libraries anew
	$(call compile,run,--extra build)
	$(call compile,test,--extra build --extra test -c requirements/run.txt)
	$(call compile,check,--extra build --extra test --extra check -c requirements/test.txt)

# Without addresses of indexes, so that everybody's own index is used; for every Python from 3.11 on.
define compile
	.venv/bin/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate $(2) pyproject.toml -o requirements/$(1).txt
endef

.venv/made:
	@for python in $(PYTHON) python3 python3.13 python3.12 python3.11 python3.14; do \
		if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found="$$python"; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "Python 3.11 or newer is needed and was not found. If it is elsewhere: make PYTHON=/path/to/python" >&2; exit 1; \
	fi; \
	echo "Making the environment in .venv (this takes a minute, once) ..."; \
	"$$found" -m venv --clear .venv || { echo "On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@touch $@

.venv/run.stamp: .venv/made requirements/run.txt
	@$(INSTALL) requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation --config-settings editable_mode=compat -e .
	@touch $@

.venv/test.stamp: .venv/run.stamp requirements/test.txt
	@$(INSTALL) requirements/test.txt
	@touch $@

.venv/check.stamp: .venv/test.stamp requirements/check.txt
	@$(INSTALL) requirements/check.txt
	@touch $@

%.mo: %.po .venv/run.stamp
	@.venv/bin/pybabel -q compile -i $< -o $@
