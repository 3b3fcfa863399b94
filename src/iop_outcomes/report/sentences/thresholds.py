"""Phrases of the summary on thresholds: what a further week adds up to a claimed one, and beyond it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import Labels, capital, groups, within
from iop_outcomes.report.sentences.effects import POINTS, Rows, level, main, reading, shown, undecided
from iop_outcomes.tables.rows import Estimated
from iop_outcomes.vocabulary.measures import BEYOND, GAIN, RISE, UP_TO
from iop_outcomes.vocabulary.methods import NAIVE

OPEN = " Its interval holds 0, so that these data do not tell whether staying pays less beyond that week."
# below which a shape is said not to fit
FITS = 0.05


def thresholds(found: Sequence[Rows], labels: Labels) -> Iterator[tuple[str, str]]:
    """What comes of one question under one reading of missing answers: texts, each with its tone.

    found: the estimands that have a number.
    """
    by = {(main(rows)["measure"], main(rows)["method"] == NAIVE): rows for rows in found}
    if right := by.get((RISE, False)):
        yield _rises(right, labels), "finding"
    if steps := by.get((GAIN, False)):
        yield _steps(steps, labels), "finding"
    if naive := by.get((RISE, True)):
        yield _naively(naive, labels), "caution"


def _two(rows: Rows) -> tuple[str, str]:
    return shown(rows[UP_TO], numbers.points), shown(rows[BEYOND], numbers.points)


def _limits(row: Estimated, labels: Labels) -> str:
    limits = numbers.interval(row["conf_low"], row["conf_high"], numbers.points, row["rounding_error"])
    return f"{shown(row, numbers.points)} ({level(labels)} {limits})"


def _who(row: Estimated, labels: Labels) -> str:
    asked = labels.study.thresholds[row["contrast"]]
    return dict(zip(labels.sides(asked.contrast), groups(labels, asked.contrast), strict=True))[asked.arm]


def _outcome(row: Estimated, labels: Labels) -> str:
    return f"\u2018{within(labels.endpoint(row['outcome']))}\u2019 on day {row['horizon_days']:.0f}"


def _rises(rows: Rows, labels: Labels) -> str:
    row = main(rows)
    week = labels.study.thresholds[row["contrast"]].at
    had = f"had {_who(row, labels)} all left in one and the same week"
    begin = ", ".join(w for w in (reading(row, labels), had) if w)
    one, other = _two(rows)
    text = (
        f"{capital(begin)}, each further week up to week {week} would have added {one} {POINTS} to "
        f"{_outcome(row, labels)}, and each beyond it {other}: a difference of {_limits(row, labels)}."
    )
    return text + (OPEN if undecided(row) else "")


def fit(line: float, bend: float, week: int) -> str:
    """Whether a straight line is enough for a curve, and one that bends at a week: p values."""
    told = (("A straight line over all weeks", line), (f"one that bends in week {week}", bend))
    said = [
        f"{shape} {'misses' if p < FITS else 'agrees with'} the curve (p {numbers.p_value(p)})" for shape, p in told
    ]
    return f"{', '.join(said)}."


def _steps(rows: Rows, labels: Labels) -> str:
    row = main(rows)
    before, at, after = labels.study.thresholds[row["contrast"]].equal_steps
    one, other = _two(rows)
    begin = reading(row, labels)
    text = (
        f"By equal steps of the curve itself, from week {before} to {at} it would have risen by {one} {POINTS}, and "
        f"from week {at} to {after} by {other}: a difference of {_limits(row, labels)}."
    )
    return f"{capital(begin)}: {text[0].lower()}{text[1:]}" if begin else text


def _naively(rows: Rows, labels: Labels) -> str:
    row = main(rows)
    one, other = _two(rows)
    begin = ", ".join(w for w in (reading(row, labels), "regressed on the weeks that people happened to stay") if w)
    return (
        f"{capital(begin)}, a further week goes with {one} and {other} {POINTS}. That is no effect of staying: use "
        "makes people leave."
    )
