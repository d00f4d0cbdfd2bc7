# What one does here. `make` alone says what there is.
#
# Only python3 (3.11 or newer) has to be on the PATH; everything else is installed into .venv and
# node_modules, and again only when the files that pin it have changed.

PYTHON ?= python3
PORT ?= 8000
ARGS ?=

INSTALL := $(PYTHON) ccmarket/embedded/install.py
RUN := .venv/bin/python
PRIVATE := $(RUN) -m ccmarket.embedded run
REGISTRY_DATA ?= ../shared/data/registry-exports
# Ours are right and new: none of their tonnes may be refused.
REGISTRY_CHECK ?= --whole

# Enough of a production environment for Django to judge the settings by.
SECRET = "$$($(RUN) -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom($(1))).decode())')"
PRODUCTION = BASE_URL=https://ccmarket.example SECRET_KEY=$(call SECRET,48) \
             ENCRYPTION_KEYS=$(call SECRET,32) DJANGO_DEBUG=0 CHAIN_KEYS=env

# npm's Node.js, where the machine has none, is in there too.
export PATH := $(PATH):$(CURDIR)/.venv/bin
export PORT

.DEFAULT_GOAL := help
.PHONY: help setup demo clean-demo test faults lint format bench walk kills ccxt slither proofs \
        contract-coverage check-data requirements messages compilemessages setup-demo

help:  ## Show this
	@echo "ccmarket: make TARGET"
	@echo
	@grep -hE '^[a-z-]+:.*  ## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*  ## /  \1\t/' | expand -t 20

setup:  ## Install everything that running, testing and building needs
	@$(INSTALL) all

setup-demo:
	@$(INSTALL) demo

demo: setup-demo  ## Run the whole of ccmarket on this machine (PORT=8000)
	@$(RUN) -m ccmarket.embedded demo

clean-demo:  ## Stop the demo and forget its data
	@test -x .venv/bin/python || { echo "Nothing is installed, so nothing runs."; exit 0; }; \
	$(RUN) -m ccmarket.embedded clean

# A file's tests stay together and files in their order: those with a browser come last.
test: setup  ## Run the tests against private services (ARGS="tests/unit -k name")
	@$(RUN) -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

# Commands are per market; there are two.
faults: export FAULT_COMMANDS ?= 50000
faults: export FAULT_STRIKES ?= 200
faults: export FAULT_TAKE_OVER_S ?= 5
faults: export FAULT_INTENTS ?= 500
faults: export FAULT_BULK_LINES ?= 100000
faults: export FAULT_BULK_STRIKES ?= 30
faults: setup  ## Kill engines and PostgreSQL 200 times in 100,000 commands, and other processes
	@$(PRIVATE) --durable -- $(RUN) -m pytest tests/faults $(ARGS)

lint: setup  ## Check style, types, imports, migrations, deployment settings and contracts
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy ccmarket apps
	@$(RUN) -m mypy --config-file clients/python/pyproject.toml clients/python/src
	@.venv/bin/lint-imports
	@$(PRIVATE) -- $(RUN) manage.py makemigrations --check --dry-run
	@env $(PRODUCTION) $(RUN) manage.py check --deploy --fail-level WARNING
	@$(RUN) -m apps.nft.contracts.build --check

format: setup  ## Put the code into its format
	@$(RUN) -m ruff check --fix .
	@$(RUN) -m ruff format .

bench: setup  ## Measure orders and gas beside their peers (ARGS="durable gas")
	@$(PRIVATE) --durable --with-chain -- $(RUN) -m benchmarks $(ARGS)

walk: setup  ## Go the whole way of a person on the running demo, in a real browser
	@$(RUN) -m tests.walk

kills: setup  ## Kill the running demo's processes while orders keep coming; nothing may be lost
	@$(RUN) -m tests.walk.kills

ccxt: setup  ## Run ccxt's own exchange tests against a private ccmarket (ARGS="--write --show")
	@$(PRIVATE) -- $(RUN) -m tests.ccxt_suite $(ARGS)

slither: setup  ## Look for mistakes in the contracts with Slither, in an environment of its own
	@$(RUN) -m uv venv --quiet --allow-existing --python $(RUN) var/slither
	@$(RUN) -m uv pip sync --quiet --python var/slither/bin/python --require-hashes requirements-slither.txt
	@PATH="$(CURDIR)/var/slither/bin:$(PATH)" $(RUN) -m tools.slither

proofs: setup  ## Prove what has to hold of the contracts with Halmos, in an environment of its own
	@$(RUN) -m uv venv --quiet --allow-existing --python $(RUN) var/halmos
	@$(RUN) -m uv pip sync --quiet --python var/halmos/bin/python --require-hashes requirements-halmos.txt
	@PATH="$(CURDIR)/var/halmos/bin:$(PATH)" $(RUN) -m tools.proofs

contract-coverage: setup  ## Say which lines of the contracts their tests execute
	@$(RUN) -m tools.contract_coverage

check-data: setup  ## Import real registry exports (REGISTRY_DATA=folder, REGISTRY_CHECK= for any)
	@$(PRIVATE) -- $(RUN) -m tests.checks.registry_exports $(REGISTRY_CHECK) "$(REGISTRY_DATA)"

requirements: setup  ## Compile requirements*.in again, to the newest versions they allow
	@for name in requirements requirements-dev requirements-compile requirements-node \
	  requirements-slither requirements-halmos; do \
	  $(RUN) -m uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes \
	    --no-header --quiet "$$name.in" --output-file "$$name.txt" || exit 1; \
	done

messages: setup  ## Collect the texts to translate into locale/
	@$(RUN) -m tools.messages collect

compilemessages: setup  ## Check the translations and compile them
	@$(RUN) -m tools.messages check
	@$(RUN) -m tools.messages compile
