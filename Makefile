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
# Bytecode at once: where Python is told to write none, each process would compile a thousand modules.
INSTALL = $(BIN)/uv pip install --python $(BIN)/python --index-strategy unsafe-best-match --compile-bytecode \
	--constraint $(VENV)/constraints.txt --constraint hashes.txt --editable
RELEASES ?= $(DEFAULT_TORCH) 2.13.0
MINOR = $(word 1,$(subst ., ,$(1))).$(word 2,$(subst ., ,$(1)))
PYTEST_ARGS ?=
PIP_ARGS ?=

ifndef CACHE
CACHE := $(or $(LIVEDOCS_CACHE),on)
endif
export LIVEDOCS_CACHE := $(CACHE)
export NO_MKDOCS_2_WARNING := 1
export PYTHONUTF8 := 1

.PHONY: help serve build publish-versions test fuzz accept every bench bench-pages shots links upgrade audit lint clean

help:
	@echo 'make serve        build the site and serve it at http://$(ADDRESS), again after every change'
	@echo 'make test         run every snippet, doctest and check'
	@echo 'make fuzz         break N=100 copies of a small project, each in one place, and say what the build makes of it;'
	@echo '                  SEED=3 takes those of a seed, ONLY=17 one of them with all that was said, KIND=hangs one kind'
	@echo 'make accept       write the snippets'"'"' outputs to tests/outputs, to be read as a diff'
	@echo 'make every        call every function of torch, and write which have no rule yet, and which no gradient'
	@echo 'make build        build the site into site/'
	@echo 'make publish-versions  build the sites of RELEASES ($(RELEASES)) into published/, with a switch between them'
	@echo 'make bench        time the build: from nothing, again, after a save, where it is hard, and beside its peers'
	@echo 'make bench-pages  measure pages with Lighthouse, and their main-thread time (needs Chromium and npm);'
	@echo '                  BESIDE=folder sets it beside another built site'
	@echo 'make shots        take pictures of ten pages, light and dark, phone and desktop, into shots/'
	@echo 'make links        list the state of every link of the pages to another site'
	@echo 'make upgrade      take the newest versions of everything into constraints.txt, and show what snippets then print'
	@echo 'make audit        look for known faults of the pinned packages'
	@echo 'make clean        remove the environments and what was built'
	@echo
	@echo 'CACHE=fresh runs and measures everything again; CACHE=off keeps nothing either (default: on, in .cache/).'
	@echo 'TORCH=2.13.0 takes that release of PyTorch (default: $(DEFAULT_TORCH)).'
	@echo 'PIP_ARGS="--torch-backend cpu" takes the small CPU build of PyTorch.'

serve: $(VENV)/ready
	$(BIN)/mkdocs serve --dev-addr $(ADDRESS)

build: $(VENV)/ready
	$(BIN)/mkdocs build --strict

# One tree, the first of RELEASES at its root and each in a folder of its own. A site is built for where it will be.
publish-versions: $(VENV)/ready
	rm -rf .releases
	set -e; for release in $(RELEASES); do \
		$(MAKE) --no-print-directory .releases/$$release TORCH=$$release; \
	done
	$(BIN)/python -m livedocs.publish.versions published \
		$(foreach release,$(RELEASES),$(call MINOR,$(release))=.releases/$(release))
	rm -rf .releases

.releases/$(TORCH): $(VENV)/ready
	SITE_URL=$(if $(SITE_URL),$(SITE_URL)$(if $(filter $(TORCH),$(firstword $(RELEASES))),,$(call MINOR,$(TORCH))/)) \
		$(BIN)/mkdocs build --strict --site-dir $@

# The site is built first: what it runs and measures the tests read, and a build that fails says so once.
test: $(VENV)/ready lint
	$(BIN)/mkdocs build --strict --site-dir $(VENV)/site
	$(if $(filter fresh,$(CACHE)),LIVEDOCS_CACHE=on) $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal --site=$(VENV)/site $(PYTEST_ARGS)

N ?= 100
fuzz: $(VENV)/ready
	$(BIN)/python -m tests.fuzz -n $(N) $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY)) $(if $(KIND),--kind '$(KIND)')

lint: $(VENV)/ready
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .

accept: $(VENV)/ready
	$(BIN)/python -m livedocs.run.accept

every: $(VENV)/ready
	$(BIN)/python -m tests.content.every --write

bench: $(VENV)/ready
	$(INSTALL) '.[bench]' $(PIP_ARGS)
	$(BIN)/python -m benchmarks.whole
	$(BIN)/python -m benchmarks.anywhere
	$(BIN)/python -m benchmarks.build
	$(BIN)/python -m benchmarks.rules
	$(BIN)/python -m benchmarks.twice
	$(BIN)/python -m benchmarks.settings

bench-pages: $(VENV)/ready
	$(BIN)/python -m benchmarks.pages
	$(BIN)/python -m benchmarks.thread $(if $(BESIDE),--beside $(BESIDE))

shots: $(VENV)/ready
	$(BIN)/python -m benchmarks.shots

links: $(VENV)/ready
	$(BIN)/python -m livedocs.publish.outside docs

# A release of PyTorch that is newer than the bound of pyproject.toml is not taken: it needs a look at every page.
upgrade: $(VENV)/ready
	$(BIN)/python -m livedocs.run.pins
	$(MAKE) accept
	git diff --stat -- constraints.txt hashes.txt tests/outputs

# It runs in an environment of its own, and fails where it cannot ask about a package.
audit: $(VENV)/ready
	$(BIN)/uv tool run pip-audit==2.10.1 --strict --requirement constraints.txt --no-deps --disable-pip

clean:
	rm -rf .cache .venv .venv-* site site.partial.* site.old.* .releases published published.* shots *.egg-info

# The constraints with the release that was asked for. pip alone takes six times as long as uv, and chooses the same. pip holds
# uv against its hash, and uv the rest.
$(VENV)/ready: pyproject.toml constraints.txt hashes.txt
	@$(PYTHON) -c 'import sys; sys.exit(f"Python 3.11.5 or newer is needed, $(PYTHON) is {sys.version.split()[0]}" if sys.version_info < (3, 11, 5) else 0)'
	@echo "Setting up $(VENV) with PyTorch $(TORCH). The first time this downloads PyTorch: a few minutes."
	$(PYTHON) -m venv $(VENV)
	sed 's/^torch==.*/torch==$(TORCH)/' constraints.txt > $(VENV)/constraints.txt
	sed -n '/^uv==/,/[^\]$$/p' hashes.txt > $(VENV)/uv.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement $(VENV)/uv.txt
	$(INSTALL) '.[test]' $(PIP_ARGS)
	touch $@
