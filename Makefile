# Every command of this repository; `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/sh

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BACKEND := .venv-backend
UV := $(BIN)/uv
export UV_PYTHON_DOWNLOADS := never
PYTEST := $(BIN)/python -m pytest
SEMGREP := .tools/semgrep/.done
LOCK := $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header

.PHONY: help setup setup-node setup-clients client serve test test-fast lint format bench bench-write bench-quick setup-bench mutants packse lock package deploy clean

help: ## List the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Run
serve: setup client ## Serve the index on http://127.0.0.1:8000 (HOST, PORT), data in .larder (LARDER_DATA)
	@$(BIN)/python -m local.serve

##@ Check
test: setup setup-node setup-clients client $(SEMGREP) ## Run every test
	$(PYTEST)

test-fast: setup client ## Run the tests that need neither clients nor packaging
	$(PYTEST) -m "not e2e and not deploy and not browser"

lint: setup $(SEMGREP) ## Check style, types, import rules, security, spelling and templates
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml $(SHIPPED)
	$(CHECK_RULES) $(SHIPPED)
	$(BIN)/codespell
	$(BIN)/djlint --lint --quiet app/templates

SHIPPED := app local handler.py client/src sls
# Its settings go beside it: neither a home nor a network is needed.
CHECK_RULES = SEMGREP_SETTINGS_FILE=.tools/semgrep/settings.yml SEMGREP_LOG_FILE=.tools/semgrep/log \
	PATH="$(CURDIR)/.tools/semgrep/bin:$$PATH" \
	semgrep scan --quiet --error --metrics=off --disable-version-check --config tests/house/rules

format: setup ## Format the code
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: setup setup-bench ## Measure everything, in about 20 minutes (WORD); bench/README.md says how to read it
	@nice $(BIN)/python -m bench $(WORD)

bench-write: setup setup-bench ## Measure everything and keep the tables in docs/performance.md
	@nice $(BIN)/python -m bench --write

bench-quick: setup .tools/peers/runtime/.done ## Count calls to AWS and loaded modules; fails if a limit is passed
	@$(BIN)/python -m bench --quick

mutants: setup ## Take each rule of the inspector out and see that the corpus notices (WORD)
	@nice $(BIN)/python -m tests.mutants $(WORD)

packse: setup client .tools/pip/.done .tools/uv/.done .tools/twine/.done ## Compare how uv and pip resolve packse's scenarios here and there (WORD)
	@nice $(BIN)/python -m tests.packse $(WORD)

##@ Deploy
package: setup setup-node client ## Make the deployment zip (.serverless/)
	npx sls package

deploy: setup setup-node client ## Deploy to AWS: make deploy STAGE=prod
	npx sls deploy --stage $(or $(STAGE),$(error Name the stage: make deploy STAGE=prod))

##@ Set up
setup: $(VENV)/.done $(BACKEND)/.done ## Make the environments

$(VENV)/.done: requirements-dev.txt
	@echo "Making $(VENV) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements-dev.txt
	@touch $@

$(BACKEND)/.done: local/requirements.txt $(VENV)/.done
	@echo "Making $(BACKEND) ..."
	@test -x $(BACKEND)/bin/python || $(PYTHON) -m venv $(BACKEND)
	@$(BACKEND)/bin/python -m pip install --quiet --require-hashes --requirement local/requirements.txt
	@touch $@

setup-node: node_modules/.done ## Install the Serverless tools

node_modules/.done: package-lock.json
	@echo "Installing the Serverless tools ..."
	@npm ci --silent --no-audit --no-fund
	@touch $@

CLIENTS := pip uv twine poetry pdm hatch flit readers bandersnatch devpi
# bandersnatch wants a newer Python than the rest; where there is none, its tests are skipped.
PYTHON_bandersnatch = $(shell $(BIN)/python -c "from sls.finish_zip import find_python as find; \
	print(find('3.13') or find('3.12') or '$(PYTHON)')")
setup-clients: $(CLIENTS:%=.tools/%/.done) ## Install the package clients that the tests drive

.tools/%/.done: tests/e2e/requirements-%.txt $(VENV)/.done
	@echo "Installing $* for the tests ..."
	@test -x .tools/$*/bin/python || $(or $(PYTHON_$*),$(PYTHON)) -m venv .tools/$*
	@.tools/$*/bin/python -m pip install --quiet --no-deps --require-hashes --requirement $<
	@touch $@

# What `make bench` compares with. devpi is there already, for the tests.
PEERS := pypiserver simple-repository proxpi simpleindex pypicloud
setup-bench: $(PEERS:%=.tools/peers/%/.done) .tools/peers/runtime/.done .tools/devpi/.done ## Install what is compared with

# pypicloud runs on nothing newer; where there is none, its rows say so.
PYTHON_pypicloud = $(shell $(BIN)/python -c "from sls.finish_zip import find_python as find; \
	print(find('3.10') or '$(PYTHON)')")
.tools/peers/%/.done: bench/requirements-%.txt $(VENV)/.done
	@echo "Installing $* to compare with ..."
	@rm -rf $(@D)
	@$(or $(PYTHON_$*),$(PYTHON)) -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --no-deps --require-hashes --requirement $<
	@touch $@

# AWS's own runtime client, for this Python and not for that of the functions.
.tools/peers/runtime/.done: tests/deploy/requirements.txt $(VENV)/.done
	@echo "Installing the Lambda runtime client ..."
	@rm -rf $(@D)
	@$(BIN)/python -m pip install --quiet --no-deps --require-hashes --target $(@D) --requirement $<
	@touch $@

$(SEMGREP): tests/house/requirements-semgrep.txt $(VENV)/.done
	@echo "Installing semgrep ..."
	@test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --no-deps --require-hashes --requirement $<
	@touch $@

# The index offers it at /client/. Its name holds its version, so that a new one has a new address.
CLIENT_VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' client/pyproject.toml)
CLIENT := app/static/client/larder_client-$(CLIENT_VERSION)-py3-none-any.whl
client: $(CLIENT) ## Build the wheel of the command `larder`, which the index offers

$(CLIENT): $(wildcard client/src/larder_client/*.py) client/pyproject.toml client/README.md $(VENV)/.done
	@echo "Building $(@F) ..."
	@rm -rf $(@D)
	@$(UV) build --quiet --offline --wheel --no-create-gitignore --out-dir $(@D) client

lock: setup ## Pin the newest versions of everything, with hashes
	$(LOCK) --upgrade --python-version 3.11 requirements.in -o requirements.txt
	$(LOCK) --upgrade --python-version 3.11 -c requirements.txt requirements-dev.in -o requirements-dev.txt
	$(LOCK) --upgrade --python-version 3.11 local/requirements.in -o local/requirements.txt
	$(LOCK) --upgrade --python-version 3.13 tests/deploy/requirements.in -o tests/deploy/requirements.txt
	$(LOCK) --upgrade --python-version 3.12 tests/packse/requirements.in -o tests/packse/requirements.txt
	$(LOCK) --upgrade --python-version 3.11 tests/house/requirements-semgrep.in -o tests/house/requirements-semgrep.txt
	for peer in $(PEERS); do \
		case $$peer in pypicloud) version=3.9;; *) version=3.11;; esac; \
		$(LOCK) --upgrade --python-version $$version bench/requirements-$$peer.in -o bench/requirements-$$peer.txt; \
	done
	for client in $(CLIENTS); do \
		$(LOCK) --upgrade --python-version 3.11 tests/e2e/requirements-$$client.in -o tests/e2e/requirements-$$client.txt; \
	done

clean: ## Remove everything that was made, but not the data in .larder
	rm -rf $(VENV) $(BACKEND) .tools app/static/client node_modules .serverless .pytest_cache .mypy_cache .ruff_cache .hypothesis
