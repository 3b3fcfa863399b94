# Helpers only: the study, checked before the first job, and how a rule names its step.

import sys
from pathlib import Path

from iop_outcomes import __version__ as VERSION
from iop_outcomes import code, digests, owner, prepare, study as studies
from iop_outcomes import tables, withheld
from iop_outcomes.errors import StudyError
from iop_outcomes.release import choose, manifest
from iop_outcomes.tables import TABLES
from iop_outcomes.vocabulary.endpoints import EVENTS, ON_A_DAY, TIMED

prepare.name_interpreter()
GIVEN = workflow.config_settings

try:
    LOADED = studies.load(
        prepare.as_typed(config, GIVEN.config, GIVEN.config_args), workflow.configfiles
    )
    RECORDS = prepare.records(LOADED.study)
    prepare.check_names([str(workflow.current_basedir), LOADED.study.results, *RECORDS])
    # inputs are told apart by their content: files keep their times when they are copied, unpacked or synchronised
    DIGESTS = {
        "records": digests.of(RECORDS),
        "people": digests.of([LOADED.study.people] if LOADED.study.people else []),
        "truth": digests.of([LOADED.study.truth] if LOADED.study.truth else []),
        "lock": digests.of(prepare.lock_file()),
    }
    digests.check_released(Path(LOADED.study.results, LOADED.study.cohort, "release"))
except StudyError as wrong:
    print(f"\n{wrong}\n", file=sys.stderr)
    sys.exit(1)

STUDY = LOADED.study
# queries go to the jobs by the environment, as what Snakemake remembers of a job should hold no password
withheld.lend(STUDY.source.model_dump())
owner.only(".snakemake")
HOME = f"{STUDY.results}/{STUDY.cohort}"
PRIVATE = f"{HOME}/private"
RELEASED = f"{HOME}/release"
LOGS = f"{HOME}/private/logs"
CONTRASTS = list(STUDY.contrasts)
FIGURES = LOADED.figures()


wildcard_constraints:
    contrast="|".join(CONTRASTS),
    figure="|".join(FIGURES),


def uses(module, *tables):
    """What a step depends on beside its files: its code and the runner's, its tables, the locked libraries."""
    return {
        "code": [code.digest(module), code.digest("step")],
        "tables": {t: TABLES[t].digest() for t in tables},
        "libraries": DIGESTS["lock"],
    }


def private(*names):
    """Private tables by name."""
    return {n: f"{PRIVATE}/{n}.parquet" for n in names}


def released(*names):
    """Released tables by name."""
    return {n: f"{RELEASED}/{n}.csv" for n in names}


def results(table, *folders):
    """A results table as the analyses wrote it, one file per contrast or question."""
    return [f"{PRIVATE}/results/{folder}/{table}.parquet" for folder in folders]


def plain(part, *without):
    """A part of the study, or several, as plain data, fit for params; without the keys that the step does not use."""
    if isinstance(part, dict):
        return {name: plain(one, *without) for name, one in part.items()}
    if isinstance(part, (list, tuple)):
        return [plain(one, *without) for one in part]
    return (
        part.model_dump(mode="json", exclude=set(without))
        if hasattr(part, "model_dump")
        else part
    )


def disclosed():
    """The disclosure policy of the study."""
    asked = STUDY.disclosure
    return choose(asked.policy, asked.minimum_count, asked.rounding_base)


def smallest_group():
    """People that a site or a period of entry must have to stand alone in what is released of the records."""
    rules = disclosed()
    return 1 if rules.exact else 2 * rules.minimum_count


def imputed(name):
    """People and covariates, for the contrasts in which an analysis imputes covariates."""
    return lambda w: (
        private("people", "covariates") if LOADED.imputes(name, w.contrast) else {}
    )


def imputation(name, contrast):
    """How to impute and to adjust, where an analysis asks for it."""
    asked = LOADED.imputes(name, contrast)
    return {
        "imputation": plain(STUDY.imputation) if asked else None,
        "adjustment": plain(STUDY.adjustment) if asked else None,
    }


def after_outcomes(*limits):
    """The limits of the gate that hold once outcomes are read; all others are the design's."""
    return {name: getattr(STUDY.gate, name) for name in limits}


def settings_of(name):
    """Settings of an analysis of a contrast: its rows of the sheet and the contrast itself."""
    return lambda w: {
        "rows": plain(LOADED.rows(name, w.contrast)),
        "contrast": plain(studies.untitled(STUDY.contrasts)[w.contrast]),
        "endpoints": plain(LOADED.asked_for(name, w.contrast)),
        "gate": after_outcomes("min_events", "max_detectable_difference"),
        "inference": plain(STUDY.inference),
        **imputation(name, w.contrast),
    }
