# Each target sets up what it needs. TORCH=2.13.0 takes that release, in an environment of its own.

PYTHON ?= python3
DEFAULT_TORCH := $(shell sed -n 's/^torch==//p' constraints.txt)
TORCH ?= $(DEFAULT_TORCH)
ifeq ($(TORCH),$(DEFAULT_TORCH))
VENV := .venv
else
VENV := .venv-$(TORCH)
endif
BIN := $(VENV)/bin
ADDRESS ?= 127.0.0.1:8000
INSTALL = $(BIN)/uv pip install --python $(BIN)/python --index-strategy unsafe-best-match \
	--constraint $(VENV)/constraints.txt --editable
PYTEST_ARGS ?=
PIP_ARGS ?=

ifndef CACHE
CACHE := $(or $(LIVEDOCS_CACHE),on)
endif
export LIVEDOCS_CACHE := $(CACHE)
export NO_MKDOCS_2_WARNING := 1
export PYTHONUTF8 := 1

.PHONY: help serve build test accept bench bench-pages shots lint clean

help:
	@echo 'make serve        build the site and serve it at http://$(ADDRESS), again after every change'
	@echo 'make test         run every snippet, doctest and check'
	@echo 'make accept       write the snippets'"'"' outputs to tests/outputs, to be read as a diff'
	@echo 'make build        build the site into site/'
	@echo 'make bench        time the build: from nothing, again, after a save, where it is hard, and beside its peers'
	@echo 'make bench-pages  measure pages with Lighthouse, and their main-thread time (needs Chromium and npm);'
	@echo '                  BESIDE=folder sets it beside another built site'
	@echo 'make shots        take pictures of ten pages, light and dark, phone and desktop, into shots/'
	@echo 'make clean        remove the environments and what was built'
	@echo
	@echo 'CACHE=fresh runs and measures everything again; CACHE=off keeps nothing either (default: on, in .cache/).'
	@echo 'TORCH=2.13.0 takes that release of PyTorch (default: $(DEFAULT_TORCH)).'
	@echo 'PIP_ARGS="--extra-index-url https://download.pytorch.org/whl/cpu" takes the small CPU build of PyTorch.'

serve: $(VENV)/ready
	$(BIN)/mkdocs serve --dev-addr $(ADDRESS)

build: $(VENV)/ready
	$(BIN)/mkdocs build --strict

# The site is built first: what it runs and measures the tests read, and a build that fails says so once.
test: $(VENV)/ready lint
	$(BIN)/mkdocs build --strict --site-dir $(VENV)/site
	$(if $(filter fresh,$(CACHE)),LIVEDOCS_CACHE=on) $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal --site=$(VENV)/site $(PYTEST_ARGS)

lint: $(VENV)/ready
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .

accept: $(VENV)/ready
	$(BIN)/python -m livedocs.run.accept

bench: $(VENV)/ready
	$(INSTALL) '.[bench]' $(PIP_ARGS)
	$(BIN)/python -m benchmarks.whole
	$(BIN)/python -m benchmarks.anywhere
	$(BIN)/python -m benchmarks.build
	$(BIN)/python -m benchmarks.rules

bench-pages: $(VENV)/ready
	$(BIN)/python -m benchmarks.pages
	$(BIN)/python -m benchmarks.thread $(if $(BESIDE),--beside $(BESIDE))

shots: $(VENV)/ready
	$(BIN)/python -m benchmarks.shots

clean:
	rm -rf .cache .venv .venv-* site site.partial.* site.old.* shots *.egg-info

# The constraints with the release that was asked for. pip alone takes six times as long as uv, and chooses the same.
$(VENV)/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(f"Python 3.11 or newer is needed, $(PYTHON) is {sys.version.split()[0]}" if sys.version_info < (3, 11) else 0)'
	@echo "Setting up $(VENV) with PyTorch $(TORCH). The first time this downloads PyTorch: a few minutes."
	$(PYTHON) -m venv $(VENV)
	sed 's/^torch==.*/torch==$(TORCH)/' constraints.txt > $(VENV)/constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint $(VENV)/constraints.txt uv
	$(INSTALL) '.[test]' $(PIP_ARGS)
	touch $@
