"""From the questions of the sheet to the estimands of a cohort.

In order: the rows of the cohort are taken, and those of the cohort whose questions it shares, as far as they are about
comparisons that it makes and groups that it names too; each row is asked for every comparison, horizon, method and
rule for missing outcomes that it lists; the estimands of one question then stand together, by horizon and method. For
whom an estimand speaks follows from its method.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from iop_outcomes.errors import StudyError
from iop_outcomes.protocol import Analysis, Question, Study, comparisons
from iop_outcomes.vocabulary.answers import MISSING_RULES
from iop_outcomes.vocabulary.methods import METHODS

RULES = list(MISSING_RULES)
# the order of methods within a horizon, whatever row they come from
ORDER = list(METHODS)


@dataclass(frozen=True)
class Asked:
    """The estimands of a cohort, and the comparisons of a cohort whose questions it shares that it does not make."""

    analyses: tuple[Analysis, ...]
    not_made: tuple[str, ...] = ()


def asked(study: Study, rows: Sequence[Question]) -> Asked:
    """The estimands that are asked for of the study's cohort. StudyError where it shares the questions of nobody."""
    own = [r for r in rows if r.cohort == study.cohort]
    shared = [_of_own_groups(r, study) for r in rows if r.cohort == study.questions]
    if study.questions and (not shared or study.questions == study.cohort):
        raise StudyError(_nobody(study, sorted({r.cohort for r in rows} - {study.cohort})))
    made = {name for name, _ in comparisons(study)}
    about = [analysis for row in shared for analysis in _each(row, study.cohort)]
    found = [analysis for row in own for analysis in _each(row, study.cohort)]
    both = [*(a for a in about if a.contrast in made), *found]
    not_made = dict.fromkeys(a.contrast for a in about if a.contrast not in made)
    return Asked(_together(both), tuple(not_made))


def _of_own_groups(row: Question, study: Study) -> Question:
    """A row of another cohort without groups of people that the study does not name."""
    return row.model_copy(update={"group_by": [name for name in row.group_by if name in study.modifiers]})


def _nobody(study: Study, known: list[str]) -> str:
    at, near = f"{study.cohorts}/{study.cohort}.yaml", difflib.get_close_matches(str(study.questions), known, 1)
    wrong = "is this cohort itself" if study.questions == study.cohort else f"has no row in {study.analyses}"
    hint = f" Did you mean '{near[0]}'?" if near else ""
    return f"{at}: `questions: {study.questions}` {wrong}.{hint} Cohorts with rows of their own: {', '.join(known)}."


def _each(row: Question, cohort: str) -> Iterator[Analysis]:
    """Every estimand of a row."""
    same = {k: v for k, v in row.model_dump().items() if k in Analysis.model_fields}
    for contrast, days, method, rule in product(row.contrast, row.horizon_days, row.method, row.missing_rule):
        of = {"contrast": contrast, "horizon_days": days, "method": method, "missing_rule": rule}
        yield Analysis(**{**same, **of, "cohort": cohort, "estimand": METHODS[method].estimand})


def _together(analyses: Iterable[Analysis]) -> tuple[Analysis, ...]:
    """The estimands of one question in the place of its first one; within it by horizon, method and rule."""
    places: dict[tuple[str, ...], list[Analysis]] = {}
    for a in analyses:
        places.setdefault((a.contrast, a.analysis, a.step, a.outcome, a.measure), []).append(a)
    return tuple(a for group in places.values() for a in sorted(group, key=_within))


def _within(a: Analysis) -> tuple[int, int, int]:
    return a.horizon_days, RULES.index(a.missing_rule), ORDER.index(a.method)
