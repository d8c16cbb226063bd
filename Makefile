# Everything a person needs: `make demo` first, then `make lab`.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

# Behind a company's certificate: uv trusts what this machine trusts. So does pip from 24.2 on; an older one is told where that is, unless
# it is set up already.
export UV_SYSTEM_CERTS ?= 1
CERTS = $${PIP_CERT:-$$($(BIN)/python -m pip config get global.cert 2>/dev/null || $(BIN)/python -c 'import ssl; print(ssl.get_default_verify_paths().cafile or "")')}

# One more than there are cores: of the pages' tests a third of the time is a browser's, which is waited for.
WORKERS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$(( n < 3 ? 3 : n > 4 ? 4 : n )))

.PHONY: help setup demo test stories hub lint docs lab app bench truth faults golden weight messages stubs lock clean
.DEFAULT_GOAL := help

help:            ## show this table
	@grep -hE '^[a-z]+: .*##|^[a-z]+:  *##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | awk -F'\t' '{printf "make %-8s %s\n", $$1, $$2}'

$(READY): requirements.lock requirements-uv.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11, 3.12 or 3.13 is needed, this is %d.%d" % sys.version_info[:2] if not (3, 11) <= sys.version_info[:2] <= (3, 13) else 0)'
	$(PYTHON) -m venv --clear $(VENV)
	PIP_CERT="$(CERTS)" $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	$(BIN)/python -m compileall -q toolkit
	@touch $(READY)

setup: $(READY)  ## install everything from the lock files into .venv

demo: $(READY)   ## import a year of real receipts, report on the ten largest stores, say what to try next
	@PATH="$(abspath $(BIN)):$$PATH" $(BIN)/toolkit demo demo

# nbval is for a process that a test starts; loaded here, it costs each worker a second.
test: $(READY)   ## run the whole suite
	$(BIN)/python -m pytest -p no:nbval -n $(WORKERS) --dist loadfile --no-loadscope-reorder

stories: $(READY) ## the loop in a browser, in both languages
	ALL_STORIES=1 $(BIN)/python -m pytest tests/apps/test_browser_loop.py

hub: $(READY)    ## the apps as a service of a real JupyterHub, two people in a browser (needs npm)
	@test -x .venv-hub/bin/python || $(BIN)/uv venv --quiet .venv-hub
	$(BIN)/uv pip install --quiet --python .venv-hub/bin/python --constraint requirements.lock jupyterhub
	npm install --silent --no-fund --no-audit --prefix .venv-hub configurable-http-proxy@5
	HUB=.venv-hub $(BIN)/python -m pytest tests/apps/test_jupyterhub.py

lint: $(READY)   ## format, style, types, and the texts of each language
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/python -m toolkit.language.catalogue --check

docs: $(READY)   ## the site with an answer of the demo for each question, in build/docs; opens from disk
	@test -d demo/workspace || PATH="$(abspath $(BIN)):$$PATH" $(BIN)/toolkit demo demo
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "Open build/docs/index.html"

lab: $(READY)    ## JupyterLab on the notebooks
	$(BIN)/jupyter lab notebooks

app: $(READY)    ## the apps in the browser, on the demo (run `make demo` first)
	$(BIN)/toolkit app demo/workspace

truth: $(READY)  ## measure the bars of every figure, print them, fail if one is missed
	$(BIN)/python benchmarks/truth.py
	$(BIN)/python -m benchmarks.truth_strange
	$(BIN)/python benchmarks/truth_targeting.py
	$(BIN)/python benchmarks/truth_differentiation.py
	$(BIN)/python benchmarks/truth_review.py
	$(BIN)/python -m benchmarks.rare_orders
	$(BIN)/python -m benchmarks.truth_why
	$(BIN)/python -m benchmarks.truth_membership
	$(BIN)/python -m benchmarks.truth_goods
	$(BIN)/python -m benchmarks.truth_guides

faults: $(READY) ## kill, turn bits, run two at once: what is promised of a workspace, tried and counted (TIMES=25 FLIPS=8)
	$(BIN)/python -m benchmarks.faults --times $(or $(TIMES),25) --flips $(or $(FLIPS),8)
	$(BIN)/python -m benchmarks.integrity_cost

bench: $(READY)  ## speed and memory beside the floor and the peers (SIZES="cj 10 100", in millions of lines)
	@test -x .venv-bench/bin/python || $(BIN)/uv venv --quiet .venv-bench
	$(BIN)/uv pip install --quiet --python .venv-bench/bin/python --require-hashes -r requirements-bench.lock
	$(BIN)/uv pip install --quiet --python .venv-bench/bin/python --no-deps -e .
	$(BIN)/python benchmarks/pairs.py --peers .venv-bench/bin/python
	$(BIN)/python benchmarks/speed.py --peers-python .venv-bench/bin/python $(if $(SIZES),--lines $(SIZES))

golden: $(READY) ## every answer and chart of BASE (a git revision, HEAD if none) against the working tree (SHOPS=village QUESTIONS='portrait.*')
	$(BIN)/python benchmarks/golden.py against $(or $(BASE),HEAD) $(if $(SHOPS),--shops $(SHOPS)) $(if $(QUESTIONS),--questions '$(QUESTIONS)')

weight: $(READY)  ## what the plain installation weighs (bar: 350 MB); needs a network
	$(BIN)/python benchmarks/weight.py

messages: $(READY)  ## gather the texts that people read into the catalogue of each language, and compile it
	$(BIN)/python -m toolkit.language.catalogue

stubs: $(READY)  ## write what editors and type checkers see of the questions, from the registry
	$(BIN)/python -m toolkit.stubs

lock: $(READY)   ## renew the lock files (hashes, no host names)
	$(BIN)/uv pip compile --quiet --no-header --universal --generate-hashes --python-version 3.11 --extra all --extra test pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --no-header --universal --generate-hashes --python-version 3.11 --extra all --extra bench pyproject.toml -o requirements-bench.lock

clean:           ## remove what make made
	rm -rf $(VENV) .venv-bench .venv-hub demo build dist
