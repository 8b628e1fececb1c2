# Everything a fresh clone needs: each target makes the environment it runs in.
.DEFAULT_GOAL := help
.PHONY: help demo test check lint types contracts bench soak clean

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
export PYTHONWARNINGS ?=

help:
	@echo "make demo    turn the bundled photo into demo.mp4"
	@echo "make test    run the tests"
	@echo "make check   tests, lint, types and contracts (what CI runs)"
	@echo "make bench   measure this machine; writes docs/benchmarks.md"
	@echo "make soak    run the long tests; what was done before is not done again"
	@echo "make clean   remove the environment and caches"

# The environment is remade when what it is made from changes. A stamp is written last, so that an
# interrupted install is done again.
$(VENV)/core.stamp: pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else "unstill needs Python 3.11 or newer; this is %d.%d. Install a newer one and run: make PYTHON=python3.12 ..." % v[:2])'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "Could not make a virtual environment. On Debian or Ubuntu: sudo apt install python3-venv"; rm -rf $(VENV); exit 1; }
	@echo "Installing unstill (once, about a minute) ..."
	@$(PIP) install --upgrade 'pip>=25.1'
	@$(PIP) install --editable '.[heif]'
	@touch $@

$(VENV)/dev.stamp: $(VENV)/core.stamp pyproject.toml
	@$(PIP) install --group dev
	@touch $@

demo: $(VENV)/core.stamp
	@$(BIN)/unstill generate src/unstill/assets/examples/rocket.jpg "push in, clouds drifting, lights flickering" -o demo.mp4 --force
	@echo "Open demo.mp4 in any video player."

test: $(VENV)/dev.stamp
	@$(BIN)/python -m pytest

lint: $(VENV)/dev.stamp
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/dev.stamp
	@$(BIN)/mypy

contracts: $(VENV)/dev.stamp
	@$(BIN)/lint-imports --no-cache

check: lint types contracts test

bench: $(VENV)/dev.stamp
	@$(BIN)/python -m bench

soak: $(VENV)/dev.stamp
	@$(BIN)/python -m pytest -m soak

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .cache
