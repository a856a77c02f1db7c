# make run        install if need be, run the study STUDY (default: quick) on all cores, say where the results are
# make tour       a small benchmark of every environment, from end to end
# make figures    draw its figures again, from its tables alone
# make test       every check, in the same environment
# make gate       does every context feature act, alone, and as it should?
# make videos     a GIF of every benchmark at the corners of its context space, in results/videos
# make docs       write docs/benchmarks and docs/methods anew, from the registry
# make parity     do our agents learn as well as Stable-Baselines3's? An hour or more; an interrupted one goes on
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
SNAKEMAKE := $(BIN)/snakemake --configfile config/$(STUDY).yaml --cores all --quiet rules host
CHECK := $(BIN)/python -m meta_rl.config config/$(STUDY).yaml

.PHONY: run tour figures test gate videos docs parity bench install clean

run: install
	@$(CHECK) > /dev/null
	$(SNAKEMAKE) all
	@cat results/$$($(CHECK))/check.txt

tour:
	@$(MAKE) run STUDY=tour

figures: install
	@$(CHECK) > /dev/null
	$(SNAKEMAKE) figures --allowed-rules figures plot

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
	$(BIN)/python -m meta_rl.method_pages docs/methods

parity: install
	$(BIN)/python benchmarks/parity.py

bench: install
	$(BIN)/python benchmarks/speed.py

install: $(INSTALLED)

$(INSTALLED): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(ENV)
	$(BIN)/python -m pip install $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) -e '.[dev]'
	touch $@

clean:
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find meta_rl tests -name __pycache__ -type d -prune -exec rm -rf {} +
