# `make demo` and `make test` are the two commands to know. Each sets up all it needs.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready


.DEFAULT_GOAL := help
.PHONY: help demo test check format fixtures bench docs screenshots clean

help: ## Show this list
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | \
	  while IFS='|' read -r target text; do printf '%-18s %s\n' "$$target" "$$text"; done

$(READY): pyproject.toml constraints.txt .ci/setup
	@PYTHON=$(PYTHON) .ci/setup

demo: $(READY) ## Let a bandit learn, kill it in the middle of a commit, go on, look at it
	@$(BIN)/python examples/demo.py

test: $(READY) ## Run every test
	$(BIN)/pytest -n 2 --cov --cov-report=term

check: $(READY) ## Check format, lint, types, layers and documentation
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/sphinx-build -q -W --keep-going docs docs/build

format: $(READY) ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

fixtures: $(READY) ## Make the fixtures from their sources (installs a C compiler in .venv, 400 MB)
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --group fixtures
	$(BIN)/python fixtures/make.py

bench: $(READY) ## Measure, and print ratios
	$(BIN)/python benchmarks/run.py

docs: $(READY) ## Build the documentation in docs/build
	$(BIN)/sphinx-build -q -W --keep-going docs docs/build

screenshots: $(READY) ## Draw the pictures of the documentation
	@mkdir -p docs/images build
	$(BIN)/wasmstate inspect fixtures/bandit.wasm --light --step 3 --size 1280x800 --screenshot docs/images/inspector.png
	$(BIN)/python -c "import pathlib; b = bytearray(pathlib.Path('fixtures/bandit.wasm').read_bytes()); b[-100] ^= 4; pathlib.Path('build/bandit.wasm').write_bytes(b)"
	$(BIN)/wasmstate inspect build/bandit.wasm --dark --size 1280x800 --screenshot docs/images/inspector-damaged.png

clean: ## Remove what setting up and testing made
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
