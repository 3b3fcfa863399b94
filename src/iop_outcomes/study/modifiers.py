"""For whom: what is asked within groups can be, and modifiers group what they can."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from iop_outcomes.errors import StudyError
from iop_outcomes.protocol import Analysis, Endpoint, Modifier, Study
from iop_outcomes.study.mistakes import unknown
from iop_outcomes.tables.results import (
    ALL,
    BY_ARM,
    BY_EVENT_FREE_DAY,
    BY_HOURS,
    BY_LAST_TEST,
    BY_LEVEL,
    BY_ORIGIN,
    BY_PERIOD,
    BY_PLACE_BEFORE_DAY,
    BY_PLACE_ON_DAY,
    BY_SERVICE,
    BY_SITE,
    BY_TABLE,
    BY_TEST,
    BY_TESTS,
    OF_SITE,
    OVER_SITES,
    WITHOUT,
)
from iop_outcomes.vocabulary.answers import COUNTED, WITH_HISTORY
from iop_outcomes.vocabulary.endpoints import ON_A_DAY
from iop_outcomes.vocabulary.kind import ABSTINENCE
from iop_outcomes.vocabulary.measures import RISK
from iop_outcomes.vocabulary.methods import CRUDE, IMPUTED, SCORED, WITH_LOSS

# methods that weigh the people of a group by a score of its own, and the comparison as people came
METHODS = (CRUDE, *(m for m in SCORED if m not in IMPUTED and m not in WITH_LOSS))
# by which people are grouped elsewhere in the results
TAKEN = (
    ALL, BY_ARM, BY_EVENT_FREE_DAY, BY_HOURS, BY_LAST_TEST, BY_LEVEL, BY_ORIGIN, BY_PERIOD, BY_PLACE_BEFORE_DAY,
    BY_PLACE_ON_DAY, BY_SERVICE, BY_SITE, BY_TABLE, BY_TEST, BY_TESTS, OF_SITE, OVER_SITES, WITHOUT,
)  # fmt: skip


def check(study: Study, analyses: Sequence[Analysis], endpoints: Mapping[str, Endpoint]) -> None:
    """Raise StudyError for a modifier that groups nobody, or a question that cannot be asked within groups."""
    file = f"{study.cohorts}/{study.cohort}.yaml"
    for name, modifier in study.modifiers.items():
        _check_column(study, name, modifier, f"{file}, modifiers.{name}")
    for row in analyses:
        at = f"{study.analyses}, analysis '{row.analysis}' of cohort '{row.cohort}'"
        for name in row.group_by:
            if name not in study.modifiers:
                raise StudyError(unknown(at, "modifier", name, list(study.modifiers), f"`modifiers` of {file}"))
        if row.group_by:
            _check_row(study, row, endpoints[row.outcome], at)
    asked = {name for row in analyses for name in row.group_by}
    if idle := [name for name in study.modifiers if name not in asked]:
        raise StudyError(
            f"{file}, modifiers.{idle[0]}: no row of {study.analyses} names it under `group_by`, so that nothing would "
            "be told by it. Name it there, or take it out."
        )


def _check_column(study: Study, name: str, modifier: Modifier, at: str) -> None:
    """It is a covariate, in groups if it is a number."""
    numbers, words = study.adjustment.continuous, study.adjustment.categorical
    if name in TAKEN:
        raise StudyError(f"{at}: '{name}' stands for other groups in the results. Give it another name.")
    if modifier.column not in (*numbers, *words):
        raise StudyError(
            f"{unknown(at, 'covariate', modifier.column, [*numbers, *words], '`adjustment`')} Groups are of what is "
            "adjusted for: whatever decides where people start must be alike in the arms of a group as well."
        )
    grouped = modifier.thirds or bool(modifier.cuts)
    if modifier.column in numbers and not grouped:
        raise StudyError(
            f"{at}: '{modifier.column}' is a number, of which each value would be a group. Say `thirds: true`, or "
            "where a group begins by `cuts`."
        )
    if modifier.column in words and grouped:
        raise StudyError(
            f"{at}: '{modifier.column}' has categories of its own. Leave out `thirds` and `cuts`, which are of numbers."
        )


def _check_row(study: Study, row: Analysis, endpoint: Endpoint, at: str) -> None:
    contrast = study.contrasts.get(row.contrast)
    if contrast is None or row.step != ABSTINENCE or row.measure != RISK or endpoint.kind not in ON_A_DAY:
        raise StudyError(
            f"{at}: `group_by` is for shares of people on a day in two arms, such as abstinence; it cannot be asked of "
            f"the {row.measure} of '{row.outcome}' in '{row.contrast}'. Leave it out."
        )
    if contrast.further_arms:
        raise StudyError(f"{at}: `group_by` compares two arms, and '{row.contrast}' has more alongside. Leave it out.")
    if row.method not in METHODS:
        raise StudyError(
            f"{at}: the method '{row.method}' is not asked within groups. Ask for some of {', '.join(METHODS)}."
        )
    able = [rule for rule in COUNTED if rule not in WITH_HISTORY]
    if row.missing_rule not in able:
        raise StudyError(
            f"{at}: the missing_rule '{row.missing_rule}' is not asked within groups, as it needs a model of answers "
            f"in each. Ask for some of {', '.join(able)}, in a row of its own."
        )
