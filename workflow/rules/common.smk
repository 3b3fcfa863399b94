# Helpers only: the study, checked before the first job, and how a rule names its step.

import os
import sys
from pathlib import Path

from iop_outcomes import __version__ as VERSION
from iop_outcomes import tables
from iop_outcomes.checks import prepare
from iop_outcomes.errors import StudyError
from iop_outcomes.files import owner
from iop_outcomes.privacy import withheld
from iop_outcomes.provenance import digests, manifest, protocol
from iop_outcomes.release import asked
from iop_outcomes.steps import code, declared
from iop_outcomes.study import filled, loaded, loading
from iop_outcomes.vocabulary.endpoints import (
    AMOUNTS,
    BETWEEN,
    EVENTS,
    ON_A_DAY,
    TIMED,
    WEEKLY,
)

prepare.name_interpreter()
GIVEN = workflow.config_settings

try:
    LOADED = loading.load(
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
        "ledger": digests.of(prepare.ledgers(LOADED.study)),
    }
    digests.check_released(Path(LOADED.study.results, LOADED.study.cohort, "release"))
except StudyError as wrong:
    print(f"\n{wrong}\n", file=sys.stderr)
    sys.exit(1)

# what of a large file the params say decides by itself
FILES = [ancient(r) if digests.large(r) else r for r in RECORDS]
STUDY = LOADED.study
EARLIER = {"earlier": STUDY.disclosure.ledger} if STUDY.disclosure.ledger else {}
# margins of earlier releases, where their verdicts were kept beside their ledgers
if JUDGED_BEFORE := prepare.verdicts_beside(STUDY.disclosure.ledger):
    EARLIER["earlier_verdicts"] = JUDGED_BEFORE
# queries go to the jobs by the environment, as what Snakemake remembers of a job should hold no password
withheld.lend(STUDY.source.model_dump())
owner.only(".snakemake")
HOME = f"{STUDY.results}/{STUDY.cohort}"
PRIVATE = f"{HOME}/private"
RELEASED = f"{HOME}/release"
LOGS = f"{HOME}/private/logs"
CONTRASTS = list(STUDY.contrasts)
FIGURES = LOADED.figures()


# What the most jobs wait for comes first; short jobs that nothing waits for but the release fill the end.
SOONEST, SOON, NEXT, LATER = 4, 3, 2, 1


wildcard_constraints:
    contrast="|".join(CONTRASTS),


def step(module, settings, also=(), digests=None):
    """The params of a rule: the module of its step, what it is told, and what it depends on beside its files.

    also: modules that the step calls by a name that stands in no import. digests: of input files that people give.
    """
    return {
        "step": module,
        "settings": settings,
        # without `input` and `output` as arguments: what comes of those is no change of params to Snakemake
        "uses": lambda w: uses(module, ("steps.runner", module, *also)),
        "digests": digests,
    }


def uses(module, modules):
    """Hashes of the code of a step's modules, of the declared tables that its rule names, and of the locked libraries."""
    own = [r for r in workflow.rules if getattr(r.params, "step", None) == module]
    files = [name for r in own for part in (r.input, r.output) for name in part.keys()]
    named = [name for m in modules for name in code.tables(m)]
    return {
        "code": {m: code.digest(m) for m in modules},
        "tables": declared.of([*files, *named], any(map(code.meanings, modules))),
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


def of_contrast(name, *tables):
    """Results tables of an analysis of one contrast."""
    return {t: f"{PRIVATE}/results/{name}/{{contrast}}/{t}.parquet" for t in tables}


def of_all(name, *tables):
    """Results tables of an analysis of all contrasts."""
    return {t: f"{PRIVATE}/results/{name}/{t}.parquet" for t in tables}


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
    return asked(STUDY.disclosure)


def smallest_group():
    """People that a site or a period of entry must have to stand alone in what is released of the records."""
    rules = disclosed()
    return 1 if rules.exact else 2 * rules.minimum_count


def imputed(name):
    """People and covariates, for the contrasts in which an analysis imputes covariates; what was recorded before the
    day of an answer, or by each month, where one stands on it; where people are, where that is asked.
    """
    return lambda w: {
        **(private("people", "covariates") if LOADED.imputes(name, w.contrast) else {}),
        **(private("history") if LOADED.remembers(name, w.contrast) else {}),
        **(private("course") if LOADED.weighs_loss(name, w.contrast) else {}),
        **(private("places") if LOADED.asks_for_places(name, w.contrast) else {}),
    }


def imputation(name, contrast):
    """How to impute and to adjust, where an analysis asks for it."""
    asked = LOADED.imputes(name, contrast)
    used = asked or LOADED.remembers(name, contrast)
    return {
        "imputation": plain(STUDY.imputation) if used else None,
        "adjustment": plain(STUDY.adjustment) if asked else None,
    }


def by_site(name, contrast):
    """The questions of a contrast that are asked site by site as well, where there are any."""
    rows = LOADED.by_site(name, contrast)
    fewest = {"fewest_of_site": STUDY.sites[contrast].fewest} if rows else {}
    return {"by_site": plain(rows), **fewest} if rows else {}


def anchored(name, contrast):
    """The questions of a contrast that are asked with covariates left out as well, and which, where there are any."""
    rows = LOADED.anchored(name, contrast)
    return {"anchored": plain(rows), "anchors": STUDY.anchors} if rows else {}


def after_outcomes(*limits):
    """The limits of the gate that hold once outcomes are read; all others are the design's."""
    return {name: getattr(STUDY.gate, name) for name in limits}


def analysis(name):
    """The params of an analysis of a contrast: its rows of the sheet and the contrast itself."""
    settings = lambda w: {
        "rows": plain(LOADED.rows(name, w.contrast)),
        "contrast": plain(loaded.untitled(STUDY.contrasts)[w.contrast]),
        "endpoints": plain(LOADED.asked_for(name, w.contrast)),
        "gate": after_outcomes("min_events", "max_detectable_difference"),
        "inference": plain(STUDY.inference),
        **imputation(name, w.contrast),
        **by_site(name, w.contrast),
        **anchored(name, w.contrast),
    }
    return step(f"analyses.{name}", settings)
