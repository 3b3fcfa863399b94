"""No comparison without a whole trial: what the definition does not tell of one, the study's authors must."""

from __future__ import annotations

from iop_outcomes.errors import StudyError
from iop_outcomes.presentation.target_trials import BY_CHANCE, Written, trials
from iop_outcomes.protocol import Study, comparisons
from iop_outcomes.study.loaded import Loaded
from iop_outcomes.study.mistakes import unknown
from iop_outcomes.tables.results import ALL
from iop_outcomes.vocabulary.trials import ASSIGNED, PARTS

# what the authors are asked for, by part; of others the definition tells enough
WANTED = {
    ASSIGNED: "why people alike in what is adjusted for may be taken to have come to one or the other by chance, and "
    "what speaks against it",
}


def check(loaded: Loaded) -> None:
    """Raise StudyError for the first trial that lacks a part, by its name, and for words on no comparison."""
    study = loaded.study
    written = trials(loaded.as_run())
    _check_names(study)
    for one in written:
        for part in PARTS:
            if not one.derived[part] or (_must_be_said(one, part) and not one.added[part]):
                raise StudyError(_lacking(study, one, part))


def _must_be_said(one: Written, part: str) -> bool:
    """The definition does not tell it: why arms may be compared that chance has not made."""
    return part in WANTED and one.derived[part] != BY_CHANCE


def _lacking(study: Study, one: Written, part: str) -> str:
    asked = f": {WANTED[part]}" if part in WANTED else ""
    return (
        f"{study.cohorts}/{study.cohort}.yaml: the trial that '{one.name}' stands in for lacks its `{part}` "
        f"({PARTS[part][1]}). Write a sentence under `trials.{one.name}.{part}`, or under `trials.{ALL}.{part}` for "
        f"every comparison{asked}. The report prints it."
    )


def _check_names(study: Study) -> None:
    known = [ALL, *(name for name, _ in comparisons(study))]
    file = f"{study.cohorts}/{study.cohort}.yaml"
    for name in study.trials:
        if name not in known:
            raise StudyError(unknown(f"{file}, trials", "comparison", name, known, file))
