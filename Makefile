# Two commands: `make report` and `make test`. Everything else is for those who build.
#   make report [COHORT=name] [DATA=folder-or-file] [CORES=n]

CORES ?= 2
PYTHON ?= python3
CONFIG = $(if $(COHORT),cohort=$(COHORT)) $(if $(DATA),data=$(DATA))
OVERRIDE = $(if $(strip $(CONFIG)),--config $(CONFIG))

# uv: the machine's own where there is one, else one installed into a small environment of the project
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
RUN = $(UV) run --locked

.PHONY: report test check bench agreement truth simulate schemas clean setup

report: setup
	$(RUN) snakemake --cores $(CORES) $(OVERRIDE)
	@echo "The report: results/$(or $(COHORT),demo)/release/report.html"

test: setup check
	$(RUN) pytest -n 2 --dist loadfile

check: setup
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) snakefmt --check workflow
	$(RUN) snakemake --lint
	$(RUN) mypy

setup: $(UV)
	$(UV) sync --locked --quiet

.uv/bin/uv:
	$(PYTHON) -m venv .uv
	.uv/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9

# long simulation: the truths of the synthetic cohort, with seed and draws written beside them
truth: setup
	$(RUN) python -m iop_outcomes.sources.synthetic.truth

# docs/agreement.csv: every number that is held to another implementation, as the tests find it
agreement: setup
	IOP_OUTCOMES_AGREEMENT=docs/agreement.csv $(RUN) pytest -q tests/parity

# long simulation: what every estimator makes of a thousand synthetic cohorts, held against the truth
simulate: setup
	OMP_NUM_THREADS=1 $(RUN) python tests/truth/recovery.py --processes $(CORES)

bench: setup
	env -u PYTHONDONTWRITEBYTECODE $(RUN) python benchmarks/run.py $(REPEATS)

schemas: setup
	$(RUN) iop-outcomes schemas

clean:
	rm -rf results .snakemake
