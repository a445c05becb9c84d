# Two commands matter: `make demo` and `make test`. Both set up their own environment first.
PYTHON ?= python3
UV_HOME := .uv
UV := $(UV_HOME)/bin/uv
BIN := .venv/bin
export UV_PYTHON_DOWNLOADS := never
export BENTOML_DO_NOT_TRACK := True
export MLFLOW_DISABLE_TELEMETRY := true
SERVE ?= 1
DATA ?= journey

.PHONY: demo test setup format lint types contracts tests clean

setup: .venv/.ready

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Holdfast needs Python 3.11 or newer; name one with: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 2; }
	@$(PYTHON) -m venv $(UV_HOME)
	@$(UV_HOME)/bin/pip --quiet install 'uv>=0.9,<1'

.venv/.ready: uv.lock pyproject.toml | $(UV)
	@$(UV) sync --quiet --locked --all-extras --python $(PYTHON)
	@$(BIN)/python scripts/check_system.py
	@touch $@

demo: setup
	@$(BIN)/holdfast demo --data $(DATA) $(if $(filter 0,$(SERVE)),--no-serve,)

test: lint types contracts tests

format: setup
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lint: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types: setup
	@$(BIN)/mypy

contracts: setup
	@$(BIN)/lint-imports

tests: setup
	@$(BIN)/pytest -n 2 --dist loadfile

clean:
	rm -rf .venv $(UV_HOME) demo work artifacts
