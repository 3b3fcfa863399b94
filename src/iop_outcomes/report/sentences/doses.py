"""Phrases of the summary on doses: what hours a week do over the weeks that were asked about, and the setting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import Labels, capital, within
from iop_outcomes.report.sentences.effects import POINTS, gap, level, reading, shown
from iop_outcomes.tables.rows import Estimated
from iop_outcomes.vocabulary.measures import DIFFERENCE
from iop_outcomes.vocabulary.methods import NAIVE, OF_DOSES

# one speaks for all in the summary: the first that has numbers
RIGHT = tuple(method for method in OF_DOSES if method != NAIVE)
NO_SETTING = (
    "What the setting does at the same hours and weeks is not identifiable here: nowhere did {fewest} people of both "
    "levels have nearly the same dose. A model could still be asked, and would speak for nobody."
)


def doses(rows: Sequence[Estimated], labels: Labels) -> Iterator[tuple[str, str]]:
    """What comes of one question under one reading of missing answers: texts, each with its tone."""
    name = rows[0]["contrast"]
    told = next((m for m in RIGHT if any(row["method"] == m and numbers.known(row["estimate"]) for row in rows)), "")
    rows = [row for row in rows if row["method"] == NAIVE or row["method"] == (told or row["method"])]
    for arm in labels.sides(name):
        own = [row for row in rows if row["of"] == arm and numbers.known(row["estimate"])]
        right = [row for row in own if row["method"] != NAIVE]
        ends = _ends(right)
        if ends is None:
            continue
        yield _hours(*ends, labels), "finding"
        naive = {_dose(row): row for row in own if row["method"] == NAIVE}
        both = [naive.get(_dose(row)) for row in ends]
        if both[0] is not None and both[1] is not None:
            yield _naively(both[0], both[1], ends, labels), "caution"
    yield from _setting([row for row in rows if row["of"] == DIFFERENCE and row["method"] != NAIVE], labels)


def _dose(row: Estimated) -> tuple[float, int]:
    return float(row["hours_per_week"]), int(row["weeks_of_care"] or 0)


def _ends(rows: Sequence[Estimated]) -> tuple[Estimated, Estimated] | None:
    """Fewest and most hours for the most weeks that have several."""
    weeks = {_dose(row)[1] for row in rows if sum(_dose(other)[1] == _dose(row)[1] for other in rows) > 1}
    own = sorted((row for row in rows if _dose(row)[1] == max(weeks, default=0)), key=_dose)
    return (own[0], own[-1]) if len(own) > 1 else None


def _with_limits(row: Estimated, labels: Labels) -> str:
    limits = numbers.interval(row["conf_low"], row["conf_high"], numbers.percent, row["rounding_error"])
    return f"{shown(row, numbers.percent)} ({level(labels)} {limits})"


def _hours(fewer: Estimated, more: Estimated, labels: Labels) -> str:
    hours, weeks = _dose(fewer)
    arm = within(labels.arm(more["contrast"], more["of"]))
    begin = ", ".join(w for w in (reading(more, labels), "had everyone attended") if w)
    return (
        f"{capital(begin)} {_dose(more)[0]:g} hours a week for {weeks} weeks at the level \u2018{arm}\u2019, "
        f"{_with_limits(more, labels)} would have had the outcome \u2018{within(labels.endpoint(more['outcome']))}"
        f"\u2019 on day {more['horizon_days']:.0f}, against {_with_limits(fewer, labels)} at {hours:g} hours."
    )


def _naively(fewer: Estimated, more: Estimated, right: tuple[Estimated, Estimated], labels: Labels) -> str:
    """What those who happened to have the doses say of hours, and how far that is from the right difference."""
    naive, fair = more["estimate"] - fewer["estimate"], right[1]["estimate"] - right[0]["estimate"]
    error = sum(numbers.number(row["rounding_error"]) or 0.0 for row in (fewer, more, *right))
    one, other = (shown(row, numbers.percent) for row in (more, fewer))
    begin = ", ".join(w for w in (reading(more, labels), "of those who happened to have such doses") if w)
    text = f"{capital(begin)}, that is {one} against {other}."
    if abs(naive - fair) <= error:
        return f"{text} Beyond rounding, hours seem to do no more and no less there."
    side = "in favour of" if naive > fair else "against"
    by = numbers.size(abs(naive - fair), error)
    return f"{text} By this estimate the naive comparison errs by {by} {POINTS} here, {side} more hours."


def _setting(rows: Sequence[Estimated], labels: Labels) -> Iterator[tuple[str, str]]:
    if not rows:
        return
    name = rows[0]["contrast"]
    there = [row for row in rows if numbers.known(row["estimate"])]
    if not there:
        if all(row["status"] == "gated" for row in rows):
            yield NO_SETTING.format(fewest=labels.study.doses[name].fewest_near), "absent"
        return
    row = max(there, key=lambda r: (_dose(r)[1], -_dose(r)[0]))
    hours, weeks = _dose(row)
    first, second = (within(label) for label in labels.arms(name))
    begin = ", ".join(w for w in (reading(row, labels), f"at the same {hours:g} hours a week for {weeks} weeks") if w)
    size = gap(row, labels, POINTS, numbers.size)
    yield (
        (f"{capital(begin)}, the level \u2018{first}\u2019 has {size} with the outcome than \u2018{second}\u2019."),
        "finding",
    )
