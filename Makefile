# One command each; `make help` lists them. Nothing but git and make is expected on the machine.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
VENV := .venv
PY := $(VENV)/bin/python

.PHONY: help setup
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(VENV)/.ready ## the Python environment and the browser

$(VENV)/.ready: requirements.txt requirements-dev.txt lab/setup.sh
	@lab/setup.sh
