# `make` alone explains itself. Everything runs in .venv, which the first target builds.

PYTHON ?= python3
BIN := .venv/bin
# More for snakemake, for example: make figures ARGS="--configfile config/smoke.yaml --cores 1"
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help figures label sort paper study strategies verify schema test coverage faults golden check style types lint oldest bench report lock clean

help: ## Show what there is to make
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST)

.venv/installed: envs/requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r envs/requirements.txt
	touch $@

figures: .venv/installed ## Run the experiments of config.yaml: figures, tables and a summary in results/
	$(BIN)/snakemake $(ARGS)

label: .venv/installed ## Choose which of your images people label next, by what they have labelled so far
	$(BIN)/snakemake label $(ARGS)

sort: .venv/installed ## Sort your images into folders of links, by label or else by prediction
	$(BIN)/snakemake sort $(ARGS)

paper: .venv/installed ## Build those experiments' every figure and table, the paper's Figures 1 and 4 to 9 too
	$(BIN)/snakemake all fidelity $(ARGS)

# The kernel of a whole pool of 50,000 takes 12 GB: at most one such job at a time.
study: .venv/installed ## Measure what the defaults of NTKCPL were decided by (see docs/method.md)
	$(BIN)/snakemake all fidelity --configfile config/study.yaml --resources mem_mb=16000 $(ARGS)

strategies: .venv/installed ## List the strategies
	@PYTHONPATH=scripts $(BIN)/python -m ntkcpl.strategies

verify: .venv/installed ## Check that all files in results/ are whole and made from one another
	@PYTHONPATH=scripts $(BIN)/python scripts/verify.py $(ARGS)

schema: .venv/installed ## Write anew config/config.schema.json, by which editors check a configuration
	PYTHONPATH=scripts $(BIN)/python -m ntkcpl.schema > config/config.schema.json

# Files of tests side by side, in the order of tests/conftest.py, each process with one thread.
SIDE_BY_SIDE := -n auto --dist loadfile --no-loadscope-reorder
test: .venv/installed ## Run all tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(SIDE_BY_SIDE) --durations=25

coverage: .venv/installed ## Run all tests, and say which lines of the library none of them reaches
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) --cov --cov-report=term

faults: .venv/installed ## Try 5,000 faults on a tiny run; ARGS="--count 300 --seed 1", or the name of a fault
	PYTHONPATH=scripts:tests $(BIN)/python -m faults $(ARGS)

golden: .venv/installed ## Write anew what tests/workflow/test_golden.py compares choices with
	NTKCPL_RENEW_GOLDEN=1 $(BIN)/python -m pytest tests/workflow/test_golden.py

check: style types lint ## Check style, types and the workflow

style: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules

types: .venv/installed
	$(BIN)/mypy

lint: .venv/installed
	$(BIN)/snakemake --lint

# That Snakemake beside the other packages of .venv, which it does without being installed there.
oldest: .venv/installed ## Plan a run with the oldest Snakemake that the Snakefile allows
	folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --target "$$folder" \
	    "snakemake==$$(sed -n 's/^min_version("\(.*\)")/\1.0/p' Snakefile)" && \
	PYTHONPATH="$$folder" $(BIN)/python -m snakemake --version && \
	PYTHONPATH="$$folder" $(BIN)/python -m snakemake --configfile config/smoke.yaml --dry-run --quiet rules

bench: .venv/installed ## Time what is ours against its rivals, in docs/results/benchmarks.md
	$(BIN)/python benchmarks/bench.py docs/results/benchmarks.md

report: .venv/installed ## Put figures, tables and provenance into one HTML page
	$(BIN)/snakemake $(ARGS) --report results/report.html

lock: ## Pin what envs/requirements.in needs in envs/requirements.txt
	envs/lock.sh $(PYTHON)

clean: ## Delete all results and logs (not .venv)
	rm -rf results logs .snakemake
