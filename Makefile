# Everything a fresh clone needs: each target makes the environment it runs in.
.DEFAULT_GOAL := help
.PHONY: help image image-archive start demo test check lint types contracts bench scaling docs-models bench-gpu gpu-wheels gpu-site soak first-run clean

VENV := .venv
BIN := $(VENV)/bin
# Not $(BIN)/unstill: pip's script cannot run where the folder's path is long and has an apostrophe in it.
UNSTILL := $(BIN)/python -P -m unstill
PYTHON ?= python3
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
export PYTHONWARNINGS ?=

help:
	@echo "make start   start unstill and open its page"
	@echo "make demo    turn the bundled photo into demo.mp4"
	@echo "make test    run the tests"
	@echo "make check   tests, lint, types and contracts (what CI runs)"
	@echo "make bench   measure this machine; writes docs/benchmarks.md"
	@echo "make scaling   simulate how many machines a demand takes; writes docs/scaling.md"
	@echo "make bench-gpu   measure the generative model on a graphics card (docs/bench.md)"
	@echo "make docs-models   write the tables of docs/models.md from the catalogue"
	@echo "make image   build the container image (TARGET=cpu or cuda) with docker or podman"
	@echo "make soak    run the long tests; what was done before is not done again"
	@echo "make first-run   meet what newcomers meet; writes docs/first-run.md"
	@echo "make clean   remove the environment and caches"

# The environment is remade when what it is made from changes, this folder was moved or its Python is gone. The stamp
# names the folder and is written last, so that an interrupted install is done again.
MOVED := $(shell test -x $(BIN)/python && test "$$(cat $(VENV)/core.stamp 2>/dev/null)" = "$$(pwd -P)" || echo moved)
.PHONY: moved

$(VENV)/core.stamp: pyproject.toml $(MOVED)
	@sh tools/set_up.sh '$(PYTHON)' $(VENV)

$(VENV)/dev.stamp: $(VENV)/core.stamp pyproject.toml
	@$(PIP) install --group dev
	@touch $@

# The page in a browser. Where there is a graphics card, what the generative models need comes along.
start: $(VENV)/core.stamp
	@extra=$$(sh tools/extra.sh); test -z "$$extra" || $(MAKE) --no-print-directory $(VENV)/$$extra.stamp || \
		echo "It could not be installed; going on without it: camera motion only. make start tries again."
	@exec $(UNSTILL) start $(ARGS)

$(VENV)/diffusion.stamp: $(VENV)/core.stamp
	@echo "Installing what generative models need on this graphics card (once, several gigabytes) ..."
	@$(PIP) install --editable '.[heif,diffusion]'
	@touch $@

demo: $(VENV)/core.stamp
	@$(UNSTILL) generate src/unstill/assets/examples/rocket.jpg "push in, clouds drifting, lights flickering" -o demo.mp4 --force
	@echo "Open demo.mp4 in any video player."

# Gradio wants older versions of some parts than the rest, so it gets a room of its own for its tests.
$(VENV)/gradio.stamp: $(VENV)/core.stamp
	@test -x $(VENV)/gradio/bin/python || $(BIN)/python -m venv $(VENV)/gradio
	@$(VENV)/gradio/bin/python -m pip --disable-pip-version-check --quiet install --editable '.[gradio]'
	@touch $@

# Files of tests side by side, as many as AT_ONCE; 0 for one after another in one process.
AT_ONCE ?= 2

test: $(VENV)/dev.stamp $(VENV)/gradio.stamp
	@$(BIN)/python -m compileall -q src  # hundreds of servers are started: not each is to compile them anew
	@$(BIN)/python tools/test_run.py -n $(AT_ONCE) --dist loadfile

lint: $(VENV)/dev.stamp
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(call page,lint)

types: $(VENV)/dev.stamp
	@$(BIN)/mypy
	@$(call page,types)

# Checks of the studio's page, where there is Node.js for them: package.json.
NODE_NEW_ENOUGH := const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)
page = if command -v npm >/dev/null && node -e '$(NODE_NEW_ENOUGH)' 2>/dev/null; then \
		$(MAKE) --no-print-directory node_modules/.stamp && npm run --silent $1; \
	else echo "The page's $1 is left out: it needs npm and Node.js 20.19 or newer."; fi

node_modules/.stamp: package.json package-lock.json
	@npm ci --no-fund --no-audit --loglevel=error
	@touch $@

contracts: $(VENV)/dev.stamp
	@$(BIN)/lint-imports --no-cache

check: lint types contracts test

bench: $(VENV)/dev.stamp
	@$(BIN)/python -m bench

scaling: $(VENV)/dev.stamp
	@$(BIN)/python -m bench.scaling

docs-models: $(VENV)/core.stamp
	@$(BIN)/python tools/models_table.py

# The container image, and an archive of it for `docker load`. podman's own format has no health check.
# BUILD_ARGS passes mirrors on, such as
# --build-arg PIP_INDEX_URL=https://... WEIGHTS is a folder in here, for TARGET=cuda-i2vgen.
TARGET ?= cpu
ENGINE ?= $(shell command -v docker || command -v podman)

image:
	@test -n "$(ENGINE)" || { echo "This needs docker or podman: https://docs.docker.com/get-docker"; exit 1; }
	@BUILDAH_FORMAT=docker $(ENGINE) build --target $(TARGET) -t unstill:$(TARGET) $(if $(filter cpu,$(TARGET)),-t unstill) $(if $(WEIGHTS),--build-arg WEIGHTS=$(WEIGHTS)) $(BUILD_ARGS) .

image-archive: image
	@mkdir -p build
	@$(ENGINE) save unstill:$(TARGET) | gzip > build/unstill-$(TARGET).tar.gz
	@echo "docker load -i build/unstill-$(TARGET).tar.gz"

# The generative model on a graphics card, in parts of less than ten minutes: make bench-gpu PART=cases. The
# card's computer needs CUDA, Python 3.12, torch and transformers, and no network: what it lacks is fetched
# elsewhere by `make gpu-wheels` and travels in GPU_WHEELS. Rows go to OUT as JSON lines.
GPU_PYTHON ?= python3
GPU_WHEELS ?= build/gpu-wheels
GPU_SITE := build/gpu-site
GPU_NEEDS := diffusers ftfy accelerate pydantic annotated_types typing_inspection platformdirs pynvml psutil
GPU_MORE := diffusers ftfy wcwidth accelerate platformdirs nvidia-ml-py psutil
GPU_TESTS := tests/engines/i2vgen_xl/test_i2vgen_on_cuda.py
PART ?= cases stock rungs numerics cap compiled models tests
OUT ?= build/bench-gpu
FETCH := $(PYTHON) -m pip --disable-pip-version-check download --quiet --only-binary=:all: --python-version 3.12 \
	--implementation cp $(foreach n,28 27 17,--platform manylinux_2_$(n)_x86_64) --platform manylinux2014_x86_64 \
	--dest $(GPU_WHEELS)
GPU_RUN := PYTHONPATH=$(GPU_SITE):src:. PYTHONUNBUFFERED=1 $(GPU_PYTHON)

gpu-wheels:
	@rm -rf $(GPU_WHEELS)
	@$(FETCH) pydantic
	@$(FETCH) --no-deps $(GPU_MORE)
	@echo "Carry this folder to the graphics card's computer:"; du -sh $(GPU_WHEELS)

gpu-site:
	@if $(GPU_RUN) -c 'import sys; from importlib.util import find_spec; sys.exit(any(find_spec(name) is None for name in sys.argv[1:]))' $(GPU_NEEDS); then :; \
	elif ls $(GPU_WHEELS)/*.whl >/dev/null 2>&1; then \
		$(GPU_PYTHON) -m pip --disable-pip-version-check install --quiet --no-index --no-deps --upgrade --target $(GPU_SITE) $(GPU_WHEELS)/*.whl; \
	else echo "This Python lacks some of: $(GPU_NEEDS). Run \`make gpu-wheels\` on a computer with a network and bring $(GPU_WHEELS) here."; exit 1; fi

bench-gpu: gpu-site
	@mkdir -p $(OUT); failed=; for part in $(PART); do \
		echo "== $$part"; \
		if [ $$part = tests ]; then \
			if $(GPU_RUN) -c 'import pytest' 2>/dev/null; then $(GPU_RUN) -m pytest -c /dev/null --rootdir . --confcutdir tests/engines/i2vgen_xl -p no:cacheprovider -q -rs $(GPU_TESTS) || failed="$$failed $$part"; \
			else echo "pytest is not installed: left out"; fi; \
		elif [ $$part = models ]; then $(GPU_RUN) -m bench.models_gpu --out $(OUT) $(if $(TINY),--tiny) $(if $(MODEL),--model $(MODEL)) || failed="$$failed $$part"; \
		else $(GPU_RUN) -m bench.gpu $$part --out $(OUT) $(if $(TINY),--tiny) || failed="$$failed $$part"; fi; \
	done; \
	if [ -n "$$failed" ]; then echo "Not everything went well:$$failed"; exit 1; fi

soak: $(VENV)/dev.stamp
	@$(BIN)/python -m pytest -m soak

# What newcomers meet, in fresh roots, namespaces and containers: docs/first-run.md. ONLY='tree or port' picks some.
first-run: $(VENV)/dev.stamp
	@UNSTILL_FIRST_RUN_WRITE=1 $(BIN)/python -m pytest -m first_run tests/first_run -q -rs --tb=short $(if $(ONLY),-k '$(ONLY)')

clean:
	rm -rf $(VENV) node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .cache
