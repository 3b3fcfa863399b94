"""The covariates of a study: baseline columns of the right kind, and nothing that was measured after the start."""

from __future__ import annotations

from iop_outcomes.errors import StudyError
from iop_outcomes.protocol import Study
from iop_outcomes.study.mistakes import unknown
from iop_outcomes.tables import TABLES
from iop_outcomes.tables.canonical import NOT_COVARIATES
from iop_outcomes.vocabulary.testing import SCHEDULED_BEFORE, TESTS_BEFORE, TESTS_OF_SITE

# what is measured in the course of care, by the first table that holds it
AFTER_THE_START = {
    column: table
    for table in ("doses", "dose", "course", "history", "retention", "use_patterns", "sessions", "screens")
    for column, declared in reversed(TABLES[table].columns.items())
    if not declared.identifies and (declared.outcome or table in ("sessions", "screens"))
}


def check(study: Study) -> None:
    """Raise StudyError for a covariate that is no baseline column of persons, or of the other kind."""
    declared = TABLES["persons"].columns
    known = [n for n, c in declared.items() if not c.outcome and n not in NOT_COVARIATES]
    for room, wanted in (("continuous", True), ("categorical", False)):
        at = f"{study.cohorts}/{study.cohort}.yaml, adjustment.{room}"
        for name in getattr(study.adjustment, room):
            if name in AFTER_THE_START and name not in declared:
                raise StudyError(
                    f"{at}: '{name}', of the table {AFTER_THE_START[name]}, is measured after care has begun, so that "
                    "it comes after what it would adjust for and may follow from it. Adjust for what was known at time "
                    "zero, and take it out; strategies of staying weigh for what is recorded week by week."
                )
            if name in SCHEDULED_BEFORE:
                if not wanted:
                    raise StudyError(f"{at}: '{name}' is a number. Name it under `adjustment.continuous` instead.")
                _check_schedule(study, name, at)
                continue
            if name in declared and declared[name].outcome:
                raise StudyError(
                    f"{at}: '{name}' is an outcome. Adjust for what was known at time zero, and take it out."
                )
            if name not in known:
                raise StudyError(unknown(at, "covariate", name, known, "the baseline columns of persons"))
            if (declared[name].kind in ("whole", "number")) != wanted:
                kind, place = ("text", "categorical") if wanted else ("a number", "continuous")
                raise StudyError(f"{at}: '{name}' is {kind}. Name it under `adjustment.{place}` instead.")


def check_anchors(study: Study) -> None:
    """Raise StudyError for an anchor that is no covariate of the study."""
    known = [*study.adjustment.continuous, *study.adjustment.categorical]
    for name in study.anchors:
        if name not in known:
            at = f"{study.cohorts}/{study.cohort}.yaml, anchors"
            raise StudyError(unknown(at, "covariate", name, known, "`adjustment`, as what is left out must be in it"))


def _check_schedule(study: Study, name: str, at: str) -> None:
    """How often a site tests is told by the study, and by nothing that tells the site as well."""
    if name != TESTS_OF_SITE:
        return
    if not study.use.schedule.sites:
        raise StudyError(
            f"{at}: '{name}' needs to know how often each site tests. Say so under `use.schedule` (`kind: regular`, "
            f"`sites`), or take '{TESTS_BEFORE}', which is read from the records."
        )
    if study.adjustment.site_effects:
        raise StudyError(
            f"{at}: '{name}' says nothing beside a term for each site. Take it out, or set `site_effects: false`."
        )
