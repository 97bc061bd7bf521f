# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# An interpreter of another name gets an environment of its own: PYTHON=python3.13 uses .venv-3.13.
PYTHON ?= python3
# Versions that packages are held to, a file of pip's; they too get an environment of their own.
CONSTRAINTS ?=
VENV ?= .venv$(patsubst python%,-%,$(filter-out python python3,$(notdir $(PYTHON))))$(addprefix -,$(basename $(notdir $(CONSTRAINTS))))
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
# `make version VERSION=1.0.0` gives the next one.
NEW_VERSION := $(VERSION)
override VERSION := $(shell sed -n 's/^version: *//p' galaxy.yml)
TARBALL := build/patchfleet-aws-$(VERSION).tar.gz
PYTEST := $(BIN)/python -m pytest -q
# Suites of tests on all cores, with a summary at the end.
SUITES := $(BIN)/python tools/run_tests.py

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

# Nothing of the user's Ansible and AWS settings may reach a test; only `make verify-aws`, alone, is meant to see an account.
unexport $(filter ANSIBLE_% MOLECULE_%,$(.VARIABLES)) PYTHONPATH PYTHONHOME VIRTUAL_ENV
ifneq ($(MAKECMDGOALS),verify-aws)
unexport $(filter AWS_%,$(.VARIABLES))
endif
export PATH := $(CURDIR)/$(BIN):$(PATH)
export ANSIBLE_HOME := $(CURDIR)/.ansible
# Without compiled bytecode every call of an AWS module takes 0.7 s longer.
export PYTHONDONTWRITEBYTECODE :=
export UV_SYSTEM_CERTS := 1
# antsibull-docs copies collections as git lists them, and git ignores what lies in the environment.
export GIT_CEILING_DIRECTORIES := $(CURDIR)/$(VENV)
export COVERAGE_FILE := $(CURDIR)/build/coverage/data

.PHONY: help
help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | while IFS=$$'\t' read -r target text; do printf '%-14s %s\n' "$$target" "$$text"; done

# The scripts in an environment hold its path, so one that was moved with its checkout is made anew.
STALE := $(shell [ "$$(cat $(STAMP) 2>/dev/null)" = "$(CURDIR)" ] || echo stale)
$(STAMP): requirements.txt requirements-dev.txt $(CONSTRAINTS) tools/make_venv.py tools/link_collection.py $(if $(STALE),stale)
	@python3 tools/make_venv.py $(VENV) "$(PYTHON)" $(CONSTRAINTS)

.PHONY: stale
stale:

.PHONY: setup
setup: $(STAMP) ## make the virtual environment, once; every other target does it by itself

.PHONY: demo
demo: $(STAMP) ## patch a fleet in a simulated account by the tutorial of AWS, and report, in a minute
	@$(BIN)/python tools/demo.py

.PHONY: test
test: $(STAMP) ## run the quick suite: unit, acceptance, contract, short faults, main Molecule scenarios; 6 minutes
	@$(SUITES) unit acceptance contract faults main-molecule $(if $(MOMENT),--at $(MOMENT))

.PHONY: test-all
test-all: $(STAMP) ## run that, all playbooks and Molecule scenarios, the tests of permissions, and those of AWX
	@$(SUITES) unit acceptance contract faults playbooks privileges controller molecule

.PHONY: unit
unit: $(STAMP) ## run the unit tests, and what others publish as acceptance tests and examples
	@$(SUITES) unit acceptance

.PHONY: contract
contract: $(STAMP) ## hold the simulator against the behaviour of the service
	@$(SUITES) contract

.PHONY: playbooks
playbooks: $(STAMP) ## run the playbooks of the collection, and those and the commands of its guides
	@$(SUITES) playbooks

.PHONY: privileges
privileges: $(STAMP) ## run with the documented policies, and without each of their actions
	@$(SUITES) privileges

.PHONY: controller
controller: $(STAMP) ## run playbooks as AWX does, and build the context of the execution environment
	@$(SUITES) controller

.PHONY: faults
faults: $(STAMP) ## disturb runs in a few of many ways, and see the next run make it good
	@$(SUITES) faults

.PHONY: test-faults
test-faults: $(STAMP) ## the same in 1,000 ways, or in as many as PATCHFLEET_FAULT_RUNS says; takes some 20 minutes
	@PATCHFLEET_FAULT_RUNS=$${PATCHFLEET_FAULT_RUNS:-1000} $(SUITES) faults

.PHONY: test-clock
test-clock: $(STAMP) ## run the quick tests at awkward times: across midnight, on nights when clocks change, at the end of a month
	@$(BIN)/python tools/awkward_times.py $(MOMENTS)

.PHONY: mutants
mutants: $(STAMP) ## change the logic in small ways, one at a time, and see whether a test fails; MUTANTS says more, such as --count 200
	$(BIN)/python tools/mutants.py $(MUTANTS)

.PHONY: test-browser
test-browser: $(STAMP) ## use the report in Chromium, which is installed if need be
	@$(BIN)/python tools/make_browser.py
	$(PYTEST) tests/browser

# ansible-rulebook brings packages that nothing else here needs.
.venv-events/.stamp: tests/events/requirements.txt $(STAMP)
	@rm -rf .venv-events && $(BIN)/python -m venv .venv-events
	@$(BIN)/python -m uv pip install --quiet --python .venv-events/bin/python -r $< || .venv-events/bin/python -m pip install --quiet -r $<
	@touch $@

.PHONY: test-events
test-events: .venv-events/.stamp ## run the rulebooks on events; installs ansible-rulebook, and Java if need be
	@$(BIN)/python tools/make_java.py
	$(PYTEST) tests/events

.PHONY: screenshot
screenshot: $(STAMP) ## make the picture of the report that the README shows
	@$(BIN)/python tools/make_browser.py
	$(BIN)/python tests/browser/screenshot.py docs/images/report.png

.PHONY: molecule
molecule: $(STAMP) ## run all Molecule scenarios, or one: SCENARIO=name; PATCHFLEET_SIM_PROFILE=strict for the other profile
	@$(SUITES) molecule $(if $(SCENARIO),--scenario $(SCENARIO))

.PHONY: check
check: $(STAMP) ## check format, lint, types, sizes, documentation, changelog, licences, generated files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy -p ansible_collections.patchfleet.aws.plugins -p ssmsim
	$(BIN)/mypy tools
	$(BIN)/python tools/check_sizes.py
	$(BIN)/yamllint --strict .
	$(BIN)/reuse lint --quiet || $(BIN)/reuse lint
	$(BIN)/python tools/generate.py --check
	$(BIN)/antsibull-changelog lint
	$(BIN)/antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs self .
	$(BIN)/ansible-lint --offline --strict -q

.PHONY: format
format: $(STAMP) ## format and repair what the tools can repair
	$(BIN)/ruff check --fix --exit-zero .
	$(BIN)/ruff format .

.PHONY: build
build: $(STAMP) ## pack the collection into build/
	@$(BIN)/python tools/pack.py build

.PHONY: sanity
sanity: build ## run ansible-test sanity on what is packed, without containers
	$(BIN)/python tools/sanity.py $(TARBALL)

.PHONY: test-install
test-install: build ## install what is packed into an empty directory and use it there
	$(BIN)/python tools/test_install.py $(TARBALL)

# galaxy-importer holds packages to versions that the other tools do not take.
.venv-release/.stamp: requirements-release.txt $(STAMP)
	@rm -rf .venv-release && $(BIN)/python -m venv .venv-release
	@$(BIN)/python -m uv pip install --quiet --python .venv-release/bin/python -r requirements-release.txt || .venv-release/bin/python -m pip install --quiet -r requirements-release.txt
	@touch $@

.PHONY: workflows
workflows: .venv-release/.stamp ## check the workflows and templates of the forge by their schemas, and the workflows for weaknesses
	.venv-release/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	.venv-release/bin/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	.venv-release/bin/zizmor --offline --quiet --persona pedantic .github
	@if command -v actionlint >/dev/null; then actionlint; else echo "actionlint is not installed: left out"; fi

.PHONY: version
version: $(STAMP) ## begin a release: VERSION=1.0.0 into galaxy.yml, and its changelog from the fragments
	@$(BIN)/python tools/release.py version "$(NEW_VERSION)"

.PHONY: release
release: .venv-release/.stamp ## check version, changelog and tag, make the tarball and its checksum, use it in an empty directory
	@$(BIN)/python tools/release.py check .venv-release/bin/python

.PHONY: verify-aws
verify-aws: $(STAMP) ## hold a real account against the contract tests: opt-in, see docs/verify-aws.md
	$(PYTEST) tests/simulator/contract --aws

.PHONY: bench
bench: $(STAMP) ## measure speed against the limit and against other ways, and write docs/performance.md; BENCH says more, such as --nodes 1000
	$(BIN)/python tests/benchmarks/run.py --write $(BENCH)
	$(BIN)/python tests/benchmarks/many_accounts.py

.PHONY: coverage
coverage: $(STAMP) ## run the quick suite, show which lines of plugins/ it reaches
	@rm -rf build/coverage && mkdir -p build/coverage
	COVERAGE_PROCESS_START="$(CURDIR)/pyproject.toml" $(MAKE) --no-print-directory test
	$(BIN)/coverage combine -q
	$(BIN)/coverage report

.PHONY: changelog
changelog: $(STAMP) ## write the changelog of this version anew from its fragments and plugins
	$(BIN)/antsibull-changelog release --update-existing --reload-plugins

# What only the documentation site needs goes into the same environment, when it is first built.
$(VENV)/.docs: requirements-docs.txt $(STAMP)
	@$(BIN)/python -m uv pip install --quiet -r requirements-docs.txt || $(BIN)/python -m pip install --quiet -r requirements-docs.txt
	@touch $@

.PHONY: docs
docs: $(VENV)/.docs ## build the documentation site in build/docs/html: guides and reference; loads nothing but packages
	@$(BIN)/python tools/build_site.py

.PHONY: clean
clean: ## remove everything that the other targets made
	@if [ -x $(BIN)/python ]; then $(BIN)/python tools/simulator.py stop; fi
	rm -rf .venv .venv-* .ansible build .mypy_cache .pytest_cache .ruff_cache .hypothesis tests/output
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
