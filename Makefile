# make run        install if need be, run the study STUDY (default: quick) on all cores, say where the results are
# make tour       a small benchmark of every environment, from end to end
# make figures    draw its figures again, from its tables alone
# make test       every check, in the same environment
# make gate       does every context feature act, alone, and as it should?
# make videos     a GIF of every benchmark at the corners of its context space, in results/videos
# make docs       write docs/benchmarks anew, from the registry
# make tune       tune the agents of the study STUDY, which needs the key `tune`; an interrupted tuning goes on
# make adopt      copy what a tuning found into config/$(STUDY).yaml
# make parity     do our agents learn as well as Stable-Baselines3's? An hour or more; an interrupted one goes on
# make tuning-comparison  does tuning beat the defaults and random search on test seeds? Hours; it goes on, too
# make bench      how fast environments step and stacks train
# make clean      remove the environment and caches; results stay
#
# STUDY names a file in config/. TORCH_INDEX is an index of torch builds, for who does not want the default one:
# https://pytorch.org/get-started/locally tells which serves CPU and which CUDA builds.
STUDY ?= quick
TORCH_INDEX ?=
PYTHON ?= python3

# An activated conda environment (environment.yml makes one), otherwise .venv.
ENV := $(if $(filter-out base,$(CONDA_DEFAULT_ENV)),$(CONDA_PREFIX),.venv)
BIN := $(ENV)/bin
INSTALLED := $(ENV)/.meta_rl-installed
# (`--quiet` takes all words that follow it, so it comes first.)
SNAKEMAKE := $(BIN)/snakemake --quiet rules host --configfile config/$(STUDY).yaml --cores all
CHECK := $(BIN)/python -m meta_rl.config config/$(STUDY).yaml

.PHONY: run tour figures tune adopt test gate videos docs parity tuning-comparison bench install clean

run: install
	@$(CHECK) > /dev/null
	$(SNAKEMAKE) all
	@cat results/$$($(CHECK))/check.txt

tour:
	@$(MAKE) run STUDY=tour

figures: install
	@$(CHECK) > /dev/null
	$(SNAKEMAKE) figures --allowed-rules figures plot

tune: install
	@$(CHECK) > /dev/null
	$(SNAKEMAKE) tune

adopt: install
	$(BIN)/python -m meta_rl.adopt config/$(STUDY).yaml

test: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/snakefmt --check workflow
	$(BIN)/snakemake --lint
	$(BIN)/mypy
	$(BIN)/pytest

gate: install
	$(BIN)/python -m meta_rl.gate

videos: install
	$(BIN)/python -m meta_rl.videos

docs: install
	$(BIN)/python -m meta_rl.benchmark_pages docs/benchmarks

parity: install
	$(BIN)/python benchmarks/parity.py

tuning-comparison: install
	$(BIN)/python benchmarks/tuning_comparison.py

bench: install
	$(BIN)/python benchmarks/speed.py

install: $(INSTALLED)

$(INSTALLED): pyproject.toml Makefile
	test -x $(BIN)/python || $(PYTHON) -m venv $(ENV)
	$(BIN)/python -m pip install $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) -e '.[dev]'
# DEHB works with NumPy 2 (tests/tuning), but caps it below 2: alone, as pyproject.toml has all that it needs.
	$(BIN)/python -m pip install --no-deps dehb==0.1.2
	touch $@

clean:
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find meta_rl tests -name __pycache__ -type d -prune -exec rm -rf {} +
