# Two commands: `make report` and `make test`. Everything else is for those who build.
#   make report [COHORT=name] [DATA=folder-or-file] [CORES=n]

CORES ?= 2
PYTHON ?= python3

# COHORT and DATA go through the environment as they were typed, past make and the shell. Snakemake takes what begins
# with # for a comment, where no folder is named before it.
HASH := \#
typed = $1=$(if $(filter $(HASH)%,$(firstword $(value $2))),./)$(value $2)
export IOP_OUTCOMES_COHORT := $(call typed,cohort,COHORT)
export IOP_OUTCOMES_DATA := $(call typed,data,DATA)
GIVEN = $(strip $(if $(value COHORT),"$$IOP_OUTCOMES_COHORT") $(if $(value DATA),"$$IOP_OUTCOMES_DATA"))
CONFIG = $(if $(GIVEN),--config $(GIVEN))
NAMED = $(shell sed -n 's/^cohort: *\([a-z0-9_]*\).*/\1/p' config/config.yaml)

# uv: the machine's own where there is one, else one installed into a small environment of the project. By its name
# only, and all programs as modules: the folder's name may hold anything.
OWN_UV := $(if $(shell command -v uv 2>/dev/null),,.uv/bin/uv)
UV := $(or $(OWN_UV),uv)
RUN = $(UV) run --locked

# Certificates: those that the machine trusts, or the bundle that pip is told of, for uv as for pip. Behind a proxy that
# inspects TLS neither finds its own list enough. Older versions of uv know the setting by its second name.
UV_SYSTEM_CERTS ?= true
UV_NATIVE_TLS ?= true
export UV_SYSTEM_CERTS UV_NATIVE_TLS
PIP_SAYS := $(if $(wildcard .venv/pyvenv.cfg),,$(shell $(PYTHON) -m pip config list 2>/dev/null | \
  sed -n "s/^[a-z]*\.cert='\(.*\)'$$/\1/p" | head -n 1))
BUNDLE := $(or $(SSL_CERT_FILE),$(PIP_CERT),$(REQUESTS_CA_BUNDLE),$(CURL_CA_BUNDLE),$(PIP_SAYS))
LINUX_BUNDLE := $(firstword $(wildcard /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt \
  /etc/ssl/ca-bundle.pem))
ifneq ($(BUNDLE),)
export SSL_CERT_FILE := $(BUNDLE)
endif
ifneq ($(or $(BUNDLE),$(LINUX_BUNDLE)),)
export PIP_CERT := $(or $(PIP_CERT),$(BUNDLE),$(LINUX_BUNDLE))
endif

.PHONY: report test check bench agreement truth simulate attack midpoint utility schemas clean setup

report: setup
	$(RUN) python -m snakemake --cores "$(CORES)" $(CONFIG)
	@echo "The report: results/$(or $(COHORT),$(NAMED))/release/report.html"

test: setup check
	env -u PYTHONDONTWRITEBYTECODE $(RUN) python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: setup
	$(RUN) python -m ruff check
	$(RUN) python -m ruff format --check
	$(RUN) python -m snakefmt --check workflow
	$(RUN) python -m snakemake --lint
	$(RUN) python -m mypy

setup: $(OWN_UV)
	$(UV) sync --locked --quiet

.uv/bin/uv:
	$(PYTHON) -m venv .uv
	.uv/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9

# long simulation: the truths of the synthetic cohort, with seed and draws written beside them
truth: setup
	$(RUN) python -m iop_outcomes.simulate.cohort.truth

# docs/agreement.csv: every number that is held to another implementation, as the tests find it
agreement: setup
	IOP_OUTCOMES_AGREEMENT=docs/agreement.csv $(RUN) python -m pytest -q tests/parity

# long simulation: what every estimator makes of a thousand synthetic cohorts, held against the truth; and what every
# reading of a missing answer, every way to compare lengths of stay, and hours a week, makes of some hundreds
simulate: setup
	OMP_NUM_THREADS=1 $(RUN) python tests/truth/recovery.py --processes $(CORES)
	OMP_NUM_THREADS=1 $(RUN) python tests/truth/missing_recovery.py --processes $(CORES)
	OMP_NUM_THREADS=1 $(RUN) python tests/truth/staying_recovery.py --processes $(CORES)
	OMP_NUM_THREADS=1 $(RUN) python tests/truth/hours_recovery.py --processes $(CORES)
	OMP_NUM_THREADS=1 $(RUN) python tests/truth/margin_recovery.py --processes $(CORES)

# long simulation: released curves beside those of midpoint six
midpoint: setup
	OMP_NUM_THREADS=1 $(RUN) python tests/truth/midpoint.py --processes $(CORES)

# long simulation: an intruder who reads the releases of a thousand small cohorts under every policy
attack: setup
	OMP_NUM_THREADS=1 $(RUN) python tests/attack/attack.py --processes $(CORES)

# long: what releases of a program of 900 people still tell
utility: setup
	$(RUN) python tests/attack/utility.py --cores $(CORES)

bench: setup
	env -u PYTHONDONTWRITEBYTECODE $(RUN) python benchmarks/run.py $(REPEATS)

schemas: setup
	$(RUN) python -m iop_outcomes.cli schemas

clean:
	rm -rf results .snakemake
