# make env | demo | test | bench | docs | lock. Needs Python 3.11+ and a package index; everything else it installs.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
COMPILE = uv pip compile --universal --generate-hashes --python-version 3.11 --quiet --no-emit-index-url
FULL   := ml export postgres auth events kafka nats redis telemetry sql prove
STAMP  := $(VENV)/.installed

# The tests start hundreds of processes; where this is set, each would compile every file again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help env demo test fuzz lint bench docs lock clean

help:
	@echo "make demo    train, serve and decide on shipped sample data (PORT=n)"
	@echo "make test    lint, types, import contracts, docs checks, tests"
	@echo "make fuzz    the properties with fresh seeds and 10 times the examples (TIMES=n)"
	@echo "make bench   benchmarks against peers, as tables"
	@echo "make docs    the documentation site, into site/"
	@echo "make env     only the environment: .venv/bin/ordain"
	@echo "make lock    pin the dependencies again (needs uv)"

env: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Ordain needs Python 3.11 or newer; name one with: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the pinned packages (once, a few minutes) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

demo: env
	@$(BIN)/ordain demo $(if $(PORT),--port $(PORT))

lint: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/pytest

fuzz: env
	ORDAIN_FUZZ=$(or $(TIMES),10) $(BIN)/pytest -m hypothesis

bench: env
	$(BIN)/python -m bench

docs: env
	$(BIN)/python docs/site/build.py site

lock:
	$(COMPILE) --extra dev -o requirements.lock pyproject.toml
	$(COMPILE) --constraint requirements.lock -o requirements-serve.lock pyproject.toml
	$(COMPILE) --constraint requirements.lock $(FULL:%=--extra %) -o requirements-full.lock pyproject.toml
	echo 'hatchling>=1.27' | $(COMPILE) --constraint requirements.lock -o deploy/docker/build.lock -

clean:
	rm -rf $(VENV) var site
