"""The combinations that a specification curve asks for, as rows beside those of the sheet.

What the sheet asks already is not asked twice. A row belongs to the question of the sheet that asks of its outcome, so
that its people are counted once. Refused: a contrast or an outcome that the sheet does not ask about, classifiers
under which the contrast is not repeated, and with them methods that count the people of an arm as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from iop_outcomes.errors import StudyError
from iop_outcomes.protocol import Analysis, Specifications, Study
from iop_outcomes.protocol.rows import SPECIFICATION
from iop_outcomes.study.mistakes import unknown
from iop_outcomes.study.variants import name_of
from iop_outcomes.vocabulary.measures import RISK
from iop_outcomes.vocabulary.methods import METHODS

KEY = ("contrast", "outcome", "horizon_days", "measure", "method", "missing_rule")


def rows(study: Study, asked: Sequence[Analysis], variants: bool = False) -> tuple[Analysis, ...]:
    """The rows that specifications add to those asked. variants: under other classifiers as well. Raises StudyError."""
    there = {tuple(getattr(row, name) for name in KEY) for row in asked}
    found: dict[tuple[object, ...], Analysis] = {}
    for name, curve in study.specifications.items():
        for row in _each(study, name, curve, asked, variants):
            key = tuple(getattr(row, column) for column in KEY)
            if key not in there:
                found.setdefault(key, row)
    return tuple(found.values())


def _each(
    study: Study, name: str, curve: Specifications, asked: Sequence[Analysis], variants: bool
) -> Iterator[Analysis]:
    at = f"{study.cohorts}/{study.cohort}.yaml, specifications.{name}"
    if curve.contrast not in study.contrasts:
        raise StudyError(unknown(at, "contrast", curve.contrast, list(study.contrasts), "`contrasts`"))
    known = [str(name) for name in study.contrasts[curve.contrast].classifiers]
    for classifier in curve.classifiers:
        if classifier not in known:
            raise StudyError(unknown(at, "classifier", classifier, known, f"contrasts.{curve.contrast}.classifiers"))
    counted = [m for m in curve.methods if METHODS[m].alike is not None]
    if curve.classifiers and counted and study.disclosure.policy != "none":
        raise StudyError(
            f"{at}: '{counted[0]}' counts the people of one arm as they are, which under another classifier would give "
            "a few people away beside the question itself. Leave it out, or leave out `classifiers`."
        )
    contrasts = [curve.contrast, *(name_of(curve.contrast, c) for c in curve.classifiers if variants)]
    shares = {r.outcome: r for r in asked if r.contrast == curve.contrast and r.measure == RISK}
    for outcome in curve.outcomes:
        if outcome not in shares:
            raise StudyError(unknown(at, "outcome", outcome, list(shares), f"the rows of {study.analyses} with a risk"))
    every = product(contrasts, curve.outcomes, curve.horizon_days, curve.methods, curve.missing_rules)
    for contrast, outcome, day, method, rule in every:
        changed = {
            "contrast": contrast, "horizon_days": day, "method": method, "missing_rule": rule,
            "estimand": METHODS[method].estimand, "family": SPECIFICATION, "group_by": (),
        }  # fmt: skip
        yield shares[outcome].model_copy(update=changed)
