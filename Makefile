# make run        install if need be, run the study STUDY (default: quick) on all cores, say where the results are
# make tour       a small benchmark of every environment that has published ones, from end to end
# make figures    draw its figures again, from its tables alone
# make status     how far it is: done, running, failed and remaining, also while it runs
# make resume     go on with it after Snakemake was killed; with PROFILE=slurm, on a cluster
# make test       every check, in the same environment
# make test-slurm a real Slurm on this machine, and all that can go wrong on one; as root, on Debian
# make test-gymnasium  what depends on Gymnasium, under each version that we allow, in environments beside this one
# make scale      what planning and starting jobs costs, and what a study costs; with Slurm where it is there
# make gate       does every context feature act, alone, and as it should?
# make guard      do methods solve what needs the context or a memory, and do their controls fail? Minutes
# make videos     a GIF of every benchmark at the corners of its context space, in results/videos
# make docs       write docs/benchmarks, docs/methods and docs/uncertainty anew, from the registry
# make tune       tune the agents of the study STUDY, which needs the key `tune`; an interrupted tuning goes on
# make adopt      copy what a tuning found into config/$(STUDY).yaml
# make parity     do our agents learn as well as Stable-Baselines3's? Some hours; an interrupted one goes on
# make tuning-comparison  does tuning beat the defaults and random search on test seeds? Hours; it goes on, too
# make reproduce  does one result of each method's paper come out again? Hours; an interrupted one goes on
# make worth      what is knowing the context worth in each benchmark? Hours; an interrupted one goes on
# make bench      how fast environments step and stacks train, and what estimators of doubt cost beside a training
# make clean      remove the environment and caches; results stay
#
# STUDY names a file in config/. DIRECTORY is where the folder `results` lies, or is to lie: it may be on another disk.
# PROFILE is a profile of Snakemake's, and empty for this machine alone. TORCH_INDEX is an index of torch builds, for who
# does not want the default one: https://pytorch.org/get-started/locally tells which serves CPU and which CUDA builds.
STUDY ?= quick
DIRECTORY ?= .
PROFILE ?=
TORCH_INDEX ?=
PYTHON ?= python3

# An activated conda environment (environment.yml makes one), otherwise .venv.
ENV := $(if $(filter-out base,$(CONDA_DEFAULT_ENV)),$(CONDA_PREFIX),.venv)
BIN := $(ENV)/bin
INSTALLED := $(ENV)/.meta_rl-installed
WHERE := $(if $(PROFILE),--profile $(PROFILE),--cores all)
# (`--quiet` takes all words that follow it, so it comes first.)
OPTIONS := --quiet rules host --configfile config/$(STUDY).yaml --directory $(DIRECTORY) $(WHERE)
META_RL := $(BIN)/meta_rl
STUDY_FILE := config/$(STUDY).yaml

.PHONY: run status resume tour figures tune adopt test test-slurm test-gymnasium scale gate guard videos docs parity \
	tuning-comparison reproduce worth bench \
	install clean

run: install
	$(META_RL) run $(STUDY_FILE) --directory $(DIRECTORY) $(WHERE)

status: install
	@$(META_RL) status $(STUDY_FILE) --directory $(DIRECTORY)

resume: install
	$(META_RL) resume $(STUDY_FILE) --directory $(DIRECTORY) $(WHERE)

tour:
	@$(MAKE) run STUDY=tour

figures: install
	@$(META_RL) check $(STUDY_FILE) > /dev/null
	$(BIN)/snakemake $(OPTIONS) figures --allowed-rules figures plot

tune: install
	$(META_RL) tune $(STUDY_FILE) --directory $(DIRECTORY) $(WHERE)

adopt: install
	$(META_RL) adopt $(STUDY_FILE) --directory $(DIRECTORY)

test: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/snakefmt --check workflow
	$(BIN)/snakemake --lint
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest

test-slurm: install
	tests/slurm/cluster.sh run $(BIN)/pytest -q -n 2 --dist loadfile -o addopts= --durations 20 tests/slurm

# Each version has an environment of its own, in which it comes before the packages of the usual one.
PACKAGES := import sysconfig; print(sysconfig.get_path("purelib"))
test-gymnasium: install
	set -e; for version in 1.3.0 1.4.0; do \
		other=$(abspath $(ENV))/gymnasium-$$version/bin/python; \
		test -x $$other || $(BIN)/python -m venv $(ENV)/gymnasium-$$version; \
		$$other -m pip install -q --no-deps gymnasium==$$version; \
		usual=$$($(BIN)/python -c '$(PACKAGES)'); \
		echo "import site; site.addsitedir('$$usual')" > "$$($$other -c '$(PACKAGES)')/usual.pth"; \
		$$other -m pytest -o addopts= -q tests/gym tests/envs meta_rl/conformance/test_environment*.py; \
	done

scale: install
	$(BIN)/python -m benchmarks.scale.scale

gate: install
	$(META_RL) gate

guard: install
	$(BIN)/python -m meta_rl.checks.guard

videos: install
	$(BIN)/python -m meta_rl.gym.videos

docs: install
	$(BIN)/python -m meta_rl.pages.benchmarks docs/benchmarks
	$(BIN)/python -m meta_rl.pages.methods docs/methods
	$(BIN)/python -m meta_rl.pages.estimators docs/uncertainty

parity: install
	$(BIN)/python -m benchmarks.parity.parity

tuning-comparison: install
	$(BIN)/python -m benchmarks.tuning.comparison

reproduce:
	@for paper in jcpl epi iida cgate; do $(MAKE) run STUDY=reproduce_$$paper || exit 1; done
	$(BIN)/python -m benchmarks.reproduction.page $(DIRECTORY)/results docs/reproduction

worth: install
	$(BIN)/python -m benchmarks.worth.worth $(DIRECTORY)/results/worth docs/worth

bench: install
	$(BIN)/python -m benchmarks.speed.speed
	$(BIN)/python -m benchmarks.speed.bodies
	$(BIN)/python -m benchmarks.speed.doubt docs/uncertainty/costs.csv

install: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt setup.py Makefile
	test -x $(BIN)/python || $(PYTHON) -m venv $(ENV)
	$(BIN)/python -m pip install $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) -c constraints.txt -e '.[dev]'
# DEHB works with NumPy 2 (tests/tuning), but caps it below 2: alone, as pyproject.toml has all that it needs.
	$(BIN)/python -m pip install --no-deps dehb==0.1.2
	touch $@

clean:
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find meta_rl benchmarks tests -name __pycache__ -type d -prune -exec rm -rf {} +
