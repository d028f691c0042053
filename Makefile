# Every target installs what it needs first; setup is a no-op when nothing changed.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
PEERS := .venv-peers/.installed
STORES := .venv-stores/.installed

.PHONY: setup peers stores demo demo-model test check fmt bench docs lock

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "halowatch needs Python 3.11 or newer: set PYTHON=...")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

# Independent VNA clients, in an environment of their own: they bring many packages.
peers: $(PEERS)

$(PEERS): requirements-peers.lock
	test -x .venv-peers/bin/python || $(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-peers.lock
	@touch $(PEERS)

# What a physicist would store sweeps in today, for the benchmarks beside ours.
stores: $(STORES)

$(STORES): requirements-stores.lock
	test -x .venv-stores/bin/python || $(PYTHON) -m venv .venv-stores
	.venv-stores/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-stores.lock
	@touch $(STORES)

demo: setup
	$(BIN)/halowatch demo --speed 20

demo-model: setup
	$(BIN)/halowatch demo --calibrate

# Workers share the cores: threads of arithmetic on top of them only wait for each other.
# The browser's tests switch between greenlets, which coverage's tracer must not follow.
test: export OMP_NUM_THREADS = 1
test: export OPENBLAS_NUM_THREADS = 1
test: setup peers
	$(BIN)/python -m pytest -n 2 -m "browser and not benchmark" -q
	$(BIN)/python -m pytest -n 3 --dist worksteal -m "not browser and not benchmark" \
		--cov --cov-report=term:skip-covered --cov-fail-under=85

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/sphinx-build -q -W -b html docs docs/_build/html

fmt: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup stores
	$(BIN)/python -m pytest tests/benchmarks -m benchmark -p no:randomly -s -q --timeout=1800

docs: setup
	$(BIN)/sphinx-build -W -b html docs docs/_build/html

# Writes the exact versions of the environments at hand; torch stays on the CPU build.
lock: peers stores
	.venv-stores/bin/python -m pip list --format=freeze --exclude pip --exclude setuptools \
		| LC_ALL=C sort -f > requirements-stores.lock
	@touch $(STORES)
	.venv-peers/bin/python -m pip list --format=freeze --exclude pip --exclude setuptools \
		| LC_ALL=C sort -f > requirements-peers.lock
	@touch $(PEERS)
	$(BIN)/python -m pip list --format=freeze --exclude-editable --exclude pip \
		| sed 's/+cpu$$//' | LC_ALL=C sort -f > requirements.lock
