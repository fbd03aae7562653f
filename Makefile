# The commands of this project; `make help` lists them. The machine needs only git and make.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PY := .venv/bin/python
# If a server file exists, its server is used; otherwise the lab is set up.
SERVER := $(if $(CCCI_SERVER_FILE)$(wildcard /etc/ccci/server.toml),setup,lab-up)

# The variables that `make run` passes on to the run.
ROBOT_VARIABLES := $(foreach name,KEEP ATTACH HEAD PR RECIPE_SOURCE UPGRADE_FROM SOAK TIMEOUT ALONE,$(if $($(name)),--variable $(name):$($(name))))
# The recipes that `make audit` breaks, and `make record` records.
AUDITED = $(if $(filter all,$(RECIPE)),$(sort $(notdir $(patsubst %/recipe.toml,%,$(wildcard recipes/*/recipe.toml)))),$(RECIPE))
STAGES := $(foreach stage,$(STAGE),--suite $(stage))

.PHONY: help setup lab-up lab-down lab-status doctor run repeat matrix audit merge mirror poll vet demo-pr dashboard record sweep end check test test-all test-unit test-lab bench docs cost fit new

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{sub(/:.*/, "", $$1); printf "  make %-11s %s\n", $$1, $$2}'

setup: .venv/.ready ## install the Python environment and the browser

.venv/.ready: requirements.txt requirements-dev.txt lab/setup.sh
	@lab/setup.sh

lab-up: setup ## create a Co-op Cloud server on this machine: Docker, Swarm, Traefik, backup bot [FORGE=1: with a forge]
	@needed="$$($(PY) -m ccci.recipe.dependencies $(RECIPE) $(RECIPES))" && \
	    $(PY) -m lab up $(if $(FORGE),--forge) $(foreach name,$(RECIPE) $(RECIPES),--recipe "$(name)") \
	    $${needed:+$$(printf -- '--needed %s ' $$needed)}

lab-down: setup ## remove what lab-up created, and nothing else
	@$(PY) -m lab down

lab-status: setup ## show what the lab has, and what is missing
	@$(PY) -m lab status

doctor: setup ## check this installation, and say how to fix each problem
	@code=0; $(PY) -m lab doctor || code=$$?; $(PY) -m ccci.loop doctor || code=$$?; exit $$code

run: ## test a recipe in full: make run RECIPE=custom-html [STAGE=functional] [KEEP=1|on-failure] [ATTACH=1] [HEAD=] [PR=] [SOAK=120]
	@test -n "$(RECIPE)" || { echo "Name a recipe, for example: make run RECIPE=custom-html"; exit 2; }
	@$(MAKE) --no-print-directory $(SERVER) $(if $(RECIPE_SOURCE),RECIPE=)
	@. .venv/bin/activate && if [ -d "suites/$(RECIPE)" ]; \
	    then exec robot $(ROBOT_VARIABLES) $(STAGES) "suites/$(RECIPE)"; \
	    else exec robot --variable "RECIPE:$(RECIPE)" $(ROBOT_VARIABLES) $(STAGES) suites/generic; fi

repeat: setup ## test a recipe several times in a row: make repeat RECIPE=custom-html [TIMES=20] [BUSY=1: keep every core busy]
	@test -n "$(RECIPE)" || { echo "Name a recipe, for example: make repeat RECIPE=custom-html"; exit 2; }
	@$(MAKE) --no-print-directory $(SERVER)
	@. .venv/bin/activate && exec python -m ccci.repeat $(if $(TIMES),--times "$(TIMES)") $(if $(BUSY),--busy) "$(RECIPE)"

matrix: $(SERVER) ## test several recipes in parallel: make matrix [RECIPES="a b"] [SHARD=1/3] [SHARE=keycloak] [OUTPUT=folder]
	@. .venv/bin/activate && exec python -m ccci.matrix $(RECIPES) $(if $(SHARD),--shard "$(SHARD)") \
	    $(if $(SHARE),--share "$(SHARE)") $(if $(OUTPUT),--output "$(OUTPUT)")

merge: setup ## merge the parts of a matrix from several machines: make merge FOLDERS="a b" [OUTPUT=folder]
	@test -n "$(FOLDERS)" || { echo 'Name the parts, for example: make merge FOLDERS="part-1 part-2"'; exit 2; }
	@$(PY) -m ccci.matrix.merge $(FOLDERS) $(if $(OUTPUT),--output "$(OUTPUT)")

mirror: setup ## copy a recipe's repository into the organisation on the forge: make mirror RECIPE=x
	@test -n "$(RECIPE)" || { echo "Name a recipe, for example: make mirror RECIPE=custom-html"; exit 2; }
	@$(PY) -m ccci.loop.mirror "$(RECIPE)"

sweep: setup ## clean up after runs whose process died
	@$(PY) -m ccci.teardown.sweep

dashboard: setup ## write static pages of all results: make dashboard [OUTPUT=folder] [WEB=1]
	@$(PY) -m ccci.dashboard $(if $(OUTPUT),--output "$(OUTPUT)") $(if $(WEB),--for-the-web)

poll: $(SERVER) ## test pull requests when somebody comments !testme, until stopped
	@exec $(PY) -m ccci.loop poll

vet: setup ## check a recipe's commit as the poller checks a pull request: make vet RECIPE=x RECIPE_SOURCE=checkout [HEAD=commit]
	@$(PY) -m ccci.loop vet $(if $(HEAD),--commit "$(HEAD)") "$(RECIPE)" "$(RECIPE_SOURCE)"

demo-pr: setup ## show the pull request loop on the lab's forge: one pull request that passes, one that fails
	@$(MAKE) --no-print-directory lab-up RECIPE=custom-html FORGE=1
	@exec $(PY) -m tests.demo_pr

fit: setup ## compare recipe.toml with the recipe's repository: make fit RECIPE=x [RECIPE_SOURCE=checkout] [HEAD=commit]
	@test -n "$(RECIPE)" || { echo "Name a recipe, for example: make fit RECIPE=custom-html"; exit 2; }
	@$(PY) -m ccci.recipe.fit_report $(if $(RECIPE_SOURCE),--source "$(RECIPE_SOURCE)") $(if $(HEAD),--head "$(HEAD)") "$(RECIPE)"

end: setup ## end a kept run: make end RUN=<run id>
	@test -n "$(RUN)" || { echo "Name a run, for example: make end RUN=20260102-030405-ab12"; exit 2; }
	@$(PY) -m ccci.teardown.sweep --end "$(RUN)"

audit: ## break recipes on purpose, and show what their suites notice: make audit RECIPE=x|all [ONLY=text] [QUICK=1] [LIST=1]
	@test -n "$(RECIPE)" || { echo "Name recipes, for example: make audit RECIPE=custom-html"; exit 2; }
	@$(MAKE) --no-print-directory $(SERVER) RECIPE= RECIPES="$(if $(RECIPE_SOURCE),,$(AUDITED))"
	@. .venv/bin/activate && exec python -m ccci.audit $(if $(RECIPE_SOURCE),--source "$(RECIPE_SOURCE)") \
	    $(if $(ONLY),--only "$(ONLY)") $(if $(QUICK),--quick) $(if $(LIST),--list) $(AUDITED)

record: setup ## write down what a recipe's last green run ran on (verified.toml): make record RECIPE=x|all
	@test -n "$(RECIPE)" || { echo "Name a recipe, for example: make record RECIPE=custom-html"; exit 2; }
	@code=0; $(PY) -m ccci.verified $(AUDITED) || code=$$?; $(PY) -m ccci.authoring.pages; exit $$code

check: setup ## check style, types, dry runs and the contract of every recipe, in seconds
	@$(PY) -m ccci.authoring.check

test-unit: setup ## run the project's own tests that need no Docker
	@$(PY) -m pytest --numprocesses auto tests/unit

test-lab: lab-up ## run the project's own tests that need the lab
	@$(PY) -m pytest tests/lab

test: setup ## run everything that CI runs
	@tests/everything.sh

test-all: setup ## test and audit every recipe, and run all own tests [RECIPES="a b"] [PARTS="check matrix audit:gitea pytest"]
	@RECIPES="$(RECIPES)" PARTS="$(PARTS)" tests/everything.sh all

bench: setup ## compare the suite with a hand-written script, and a matrix with its theoretical minimum [RECIPES="a b"]
	@$(MAKE) --no-print-directory lab-up RECIPES="$(or $(RECIPES),custom-html gitea)"
	@$(PY) -m tests.bench $(if $(RECIPES),matrix $(RECIPES))

docs: setup ## write the keyword pages, and a page for each recipe on what its suite tests
	@$(PY) -m ccci.authoring.pages

cost: setup ## count the hand-written lines and files of each recipe
	@$(PY) -m ccci.authoring.cost

new: setup ## create the folders of a new recipe: make new RECIPE=x [SOURCE=folder]
	@$(PY) -m ccci.authoring.new "$(RECIPE)" $(if $(SOURCE),--source "$(SOURCE)")
