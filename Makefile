# Every target makes its own environment if it is missing:
#   make demo                      .venv with OpenMMLab's packages
#   make demo STACK=onedl          .venv-onedl with the maintained forks
#   make test VENV=/tmp/env        other places: /tmp/env and /tmp/env-onedl
STACK ?= openmmlab
VENV ?= .venv$(if $(filter onedl,$(STACK)),-onedl)
PYTHON ?= python3
# Tests and the demo use small networks: more threads make them slower.
export OMP_NUM_THREADS ?= 1

BIN := $(abspath $(VENV))/bin
STAMP := $(VENV)/.mmnoisy-$(STACK)
DOCS := $(VENV)/.mmnoisy-docs
OTHER := $(filter-out $(STAMP),$(addprefix $(VENV)/.mmnoisy-,openmmlab onedl))
PYTEST := $(BIN)/python -m pytest
LINT := mmnoisy configs tools tests docs setup.py

ifeq ($(filter $(STACK),openmmlab onedl),)
$(error STACK must be openmmlab or onedl, not '$(STACK)')
endif

.PHONY: help install demo test test-full test-smoke test-ddp lint format tables docs clean
.DEFAULT_GOAL := help

help:
	@echo 'make demo      train ce, gce, sce and mae on noisy digits: a table and demo_results/curves.png'
	@echo 'make test      all tests on the OpenMMLab stack, then the smoke tests on the OneDL stack'
	@echo 'make test-ddp  the tests that start two processes'
	@echo 'make lint      ruff, mypy, and whether all tables are those of the results;  make format  repairs what ruff can'
	@echo 'make docs      the site, in docs/_build/html; a warning is an error'
	@echo 'make tables    metafiles and the tables of all READMEs, from configs/*/results.json'
	@echo 'make install   the environment alone;  make clean  removes build files, not environments'
	@echo 'Options: STACK=openmmlab|onedl VENV=<folder> PYTHON=<python3.10 or newer>'

install: $(STAMP)

# uv links files between environments instead of copying 5 GB; where it cannot be had, pip does the same slowly.
# Compiled files matter: importing the stack takes 5 s with them and 12 s without. OpenCV's usual build needs libGL,
# which a server may lack.
$(STAMP): setup.py mmnoisy/version.py mmnoisy/requirements.py
	@if [ -e '$(OTHER)' ]; then echo '$(VENV) holds the other stack; name another one with VENV=.' >&2; exit 1; fi
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "mmnoisy needs Python 3.10 or newer")'
	$(PYTHON) -m venv $(VENV)
	{ $(BIN)/python -m pip install --quiet uv && \
	  $(BIN)/python -m uv pip install --compile-bytecode --python $(BIN)/python -e '.[$(STACK),tests]'; } || \
	  $(BIN)/python -m pip install -e '.[$(STACK),tests]'
	$(BIN)/python -c 'import cv2' || $(BIN)/python -m pip install --force-reinstall --no-deps opencv-python-headless
	touch $@

demo: $(STAMP)
	$(BIN)/python tools/demo.py --out demo_results

test: test-full
	$(MAKE) --no-print-directory test-smoke STACK=onedl VENV=$(VENV)-onedl

# Two processes of one thread each; what starts two ranks stays in one of them (tests/conftest.py).
test-full: $(STAMP)
	$(PYTEST) -n 2 --dist loadgroup

test-smoke: $(STAMP)
	$(PYTEST) -m smoke

test-ddp: $(STAMP)
	$(PYTEST) -m ddp

lint: $(STAMP)
	$(BIN)/ruff check $(LINT)
	$(BIN)/ruff format --check $(LINT)
	$(BIN)/mypy
	$(BIN)/python tools/tables.py --check

format: $(STAMP)
	$(BIN)/ruff check --fix $(LINT)
	$(BIN)/ruff format $(LINT)

tables: $(STAMP)
	$(BIN)/python tools/tables.py

docs: $(DOCS)
	$(BIN)/python -W ignore -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo 'The site: docs/_build/html/index.html'

$(DOCS): $(STAMP)
	{ $(BIN)/python -m uv --version >/dev/null 2>&1 && \
	  $(BIN)/python -m uv pip install --python $(BIN)/python -e '.[$(STACK),docs]'; } || \
	  $(BIN)/python -m pip install -e '.[$(STACK),docs]'
	touch $@

clean:
	rm -rf build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache docs/_build docs/api docs/methods docs/results.md
	find mmnoisy configs tools tests -name __pycache__ -type d -prune -exec rm -rf {} +
