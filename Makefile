# Everything runs inside $(VENV), which the first target makes: nothing to activate, nothing else to install.
#
#   make demo      set up and run the Jiangxi market
#   make test      every check: format, lint, types, import contracts, tests
#   make bench     the benchmarks, one after another, compared with the last run on this machine
#   make docs      write the generated pages of docs/reference
#   make format    rewrite the sources in the project's format
#   make lock      choose new versions and write constraints.txt
#   make clean     remove the environment and all caches
#
# Another interpreter: make PYTHON=python3.12 test

PYTHON ?= python3
VENV ?= .venv
JOBS ?= 2

BIN := $(VENV)/bin
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --quiet --constraint constraints.txt

# Stamps: what the environment holds. Their names carry the version, so that another PYTHON makes another environment.
MADE := $(VENV)/.made-$(VERSION)
CORE := $(VENV)/.core-$(VERSION)
DEV := $(VENV)/.dev-$(VERSION)

.PHONY: demo test check format-check lint types contracts pytest bench docs format lock clean
.NOTPARALLEL:

demo: $(CORE)
	$(BIN)/rights-market run jiangxi

test check: format-check lint types contracts pytest

format-check: $(DEV)
	$(BIN)/ruff format --check .

lint: $(DEV)
	$(BIN)/ruff check .

types: $(DEV)
	$(BIN)/mypy

contracts: $(DEV)
	$(BIN)/lint-imports

pytest: $(DEV)
	$(BIN)/python -m pytest -n $(JOBS) $(ARGS)

# Timings are compared on one machine only, so their history stays out of the repository (.benchmarks/ is ignored).
bench: $(DEV)
	$(BIN)/python -m pytest benchmarks -p no:xdist --benchmark-only --benchmark-autosave \
		--benchmark-columns=median,iqr,min,rounds \
		$(if $(wildcard .benchmarks/*/*.json),--benchmark-compare) $(ARGS)
	@for case in benchmarks/bench_*.py; do \
		echo; echo "== $$case"; $(BIN)/python -m benchmarks.$$(basename $$case .py) || exit 1; done

docs: $(DEV)
	$(BIN)/python -m scripts.reference

format: $(DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock:
	$(PYTHON) scripts/lock.py $(PYTHONS)

clean:
	rm -rf .venv .venv-* .benchmarks .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(MADE):
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' 2>/dev/null || { \
		echo "rights-market needs Python 3.11 to 3.14, but '$(PYTHON)' is $(or $(VERSION),not there)."; \
		echo "Name another interpreter: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(CORE): $(MADE) pyproject.toml constraints.txt
	@echo "Installing the pinned dependencies; the first time this is a download of some 200 MB ..."
	@$(PIP) setuptools
	@$(PIP) --no-build-isolation --editable .
	@touch $@

$(DEV): $(CORE)
	@$(PIP) --no-build-isolation --editable '.[dev]'
	@touch $@
