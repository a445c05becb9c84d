# Two commands matter: `make demo` and `make test`. Both set up their own environment first.
#
# Every version of Python has an environment of its own, so that `make test PYTHON=python3.13` never runs in another's;
# `.venv` leads to the one that was made without naming a Python (or, where there is none yet, to the first one made).
PYTHON ?= python3
INTERPRETER := $(or $(shell sh scripts/find_python.sh $(PYTHON)),$(PYTHON))
VERSION := $(shell $(INTERPRETER) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
UV_HOME := .uv
UV := $(UV_HOME)/bin/uv
VENV := .venv-$(VERSION)
BIN := $(VENV)/bin
export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := $(VENV)
export BENTOML_DO_NOT_TRACK := True
export MLFLOW_DISABLE_TELEMETRY := true
PACKAGES := holdfast configs features models retention evaluation reporting training serving pipelines benchmarks
SERVE ?= 1
DATA ?= journey

.PHONY: demo test setup demo-setup check-python format lint types contracts doctests tests docs clean

define LINK
@if [ -d .venv ] && [ ! -L .venv ] && [ -e .venv/.ready ]; then rm -rf .venv; fi
@if [ -d .venv ] && [ ! -L .venv ]; then \
  echo "The folder .venv was not made here and is left alone; the commands are in $(BIN)"; \
elif [ "$(origin PYTHON)" = file ] || [ ! -e .venv ]; then ln -sfn $(VENV) .venv; fi
endef

setup: $(VENV)/.ready
	$(LINK)

# What the demonstration needs and no more; an environment that holds everything already keeps it.
demo-setup: $(VENV)/.demo
	$(LINK)

check-python:
	@$(INTERPRETER) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Holdfast needs Python 3.11 or newer, and $(PYTHON) is $(or $(VERSION),not there); name one with: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 2; }

$(UV): | check-python
	@$(INTERPRETER) -m venv $(UV_HOME)
	@$(UV_HOME)/bin/pip --quiet install 'uv>=0.9,<1'

# An environment whose interpreter has gone, or is another by now, is made anew.
ifneq ($(shell $(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null),$(VERSION))
.PHONY: $(VENV)/.ready $(VENV)/.demo
endif

$(VENV)/.ready: uv.lock pyproject.toml | check-python $(UV)
	@$(UV) sync --quiet --locked --all-extras --python $(INTERPRETER)
	@$(BIN)/python scripts/check_system.py
	@touch $@

$(VENV)/.demo: uv.lock pyproject.toml | check-python $(UV)
	@$(UV) sync --quiet --locked --inexact --no-default-groups --extra train --extra demo --python $(INTERPRETER)
	@$(BIN)/python scripts/check_system.py
	@touch $@

demo: demo-setup
	@$(BIN)/holdfast demo --data $(DATA) $(if $(filter 0,$(SERVE)),--no-serve,)

test: lint types contracts doctests tests

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

doctests: setup
	@$(BIN)/pytest -q --doctest-modules $(PACKAGES)

tests: setup
	@$(BIN)/pytest -n 2 --dist loadfile

docs: setup
	@$(BIN)/python -m sphinx -q -W --keep-going -b html docs work/site
	@echo work/site/index.html

clean:
	rm -rf .venv .venv-3.* $(UV_HOME) demo work artifacts
