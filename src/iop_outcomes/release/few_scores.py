"""Which adjusted rows a score of few values lets out.

Of a score with few distinct values an adjusted number is a sum of a few whole numbers with weights that sizes tell. One
such number, told coarsely, leaves many of them open; a second, with other weights, draws another line through the same
ones, and where both are told just beside a step the two together leave few. So of the ways to weigh people one is told,
that which stands first for a reader, and the others are not.
"""

from __future__ import annotations

from collections.abc import Iterable

from iop_outcomes.release import precision
from iop_outcomes.tables.rows import Estimated
from iop_outcomes.vocabulary.measures import BY_ARM
from iop_outcomes.vocabulary.methods import PREFERRED, SCORED

REASON = "the score takes few values, and a second way to weigh people would tell too much of them"
QUESTION = ("analysis", "contrast", "outcome", "horizon_days", "missing_rule", "measure", "group_by", "group")
PLACES = {method: place for place, method in enumerate(PREFERRED)}

Question = tuple[str, ...]


def told(rows: Iterable[Estimated], few: Iterable[str]) -> dict[Question, str]:
    """By question, the method of which numbers are told. few: contrasts whose scores take few values."""
    contrasts, found = set(few), dict[Question, str]()
    for row in rows:
        if row["contrast"] in contrasts and row["status"] == "ok" and _weighs(row):
            question = of(row)
            found[question] = min(found.get(question, row["method"]), row["method"], key=PLACES.__getitem__)
    return found


def second(row: Estimated, known: dict[Question, str]) -> bool:
    """The row is a second way to weigh the people of a question. known: as `told` gives it."""
    return _weighs(row) and known.get(of(row), row["method"]) != row["method"]


def of(row: Estimated) -> Question:
    """What a row asks, whatever its method."""
    return tuple(str(row[name]) for name in QUESTION)  # type: ignore[literal-required]


def _weighs(row: Estimated) -> bool:
    return row["method"] in SCORED and row["measure"] in BY_ARM


def is_few(scores: int | None) -> bool:
    """So few distinct scores that they can be solved for; None: not known."""
    return scores is not None and scores < precision.FEW_SCORES
