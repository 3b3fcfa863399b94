"""Hours a week by weeks of care in the report: both levels by each method, the setting at the same dose,
and each dose beside its truth where that is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import Labels, capital, doses_method
from iop_outcomes.protocol import AsRun
from iop_outcomes.report.document import Block, Line, Table
from iop_outcomes.report.known_truth import inside
from iop_outcomes.report.results import with_interval
from iop_outcomes.report.sentences import effects
from iop_outcomes.tables.results import ALL
from iop_outcomes.tables.rows import Estimated, estimated
from iop_outcomes.vocabulary.measures import DIFFERENCE
from iop_outcomes.vocabulary.methods import G_FORMULA, METHODS, NAIVE, OF_DOSES

if TYPE_CHECKING:
    import pandas as pd

QUESTION = ["analysis", "outcome", "horizon_days", "missing_rule"]
# hours a week and weeks
Dose = tuple[float, int]
OF_TRUTH = "Known truth"


def dose_of(row: Estimated) -> Dose:
    """Hours a week and weeks of care of a row; no hours where more are compared with fewer."""
    return numbers.number(row["hours_per_week"]) or 0.0, int(row["weeks_of_care"] or 0)


def said(dose: Dose) -> str:
    """'9 hours a week for 13 weeks'."""
    return f"{dose[0]:g} hours a week for {dose[1]} weeks" if dose[0] else f"for {dose[1]} weeks"


def tables(estimates: pd.DataFrame, study: AsRun) -> list[Table]:
    """One table for each grid; a block for each level and question, and one for the setting."""
    labels = Labels(study)
    return [
        Table(labels.contrast(name), ("Dose", *_heads(own, labels)), tuple(_blocks(own, labels, name)))
        for name in study.doses
        if len(own := estimates[estimates["contrast"] == name])
    ]


def asked(own: pd.DataFrame) -> list[str]:
    """The methods of some estimates, in the order of tables."""
    return [method for method in OF_DOSES if (own["method"] == method).any()]


def _heads(own: pd.DataFrame, labels: Labels) -> list[str]:
    ci = effects.level(labels)
    return [f"{doses_method(method)} ({ci})" for method in asked(own)]


def _blocks(own: pd.DataFrame, labels: Labels, name: str) -> Iterator[Block]:
    methods = asked(own)
    for _, rows in own.groupby(QUESTION, sort=False):
        found = estimated(rows)
        first = found[0]
        words = labels.question(first["outcome"], float(first["horizon_days"] or 0), first["missing_rule"])
        for of in (*labels.sides(name), DIFFERENCE):
            heading = labels.arm(name, of) if of != DIFFERENCE else _setting(labels, name)
            form = numbers.points if of == DIFFERENCE else numbers.percent
            lines = _lines([row for row in found if row["of"] == of and row["group"] == ALL], methods, labels, form)
            if lines:
                yield Block(f"{heading}. {words}", lines)
        for arm in labels.study.doses[name].compare:
            lines = _lines([row for row in found if row["group"] == arm], methods, labels, numbers.points)
            yield Block(f"{_more_hours(labels, name, arm)}. {words}", lines)


def _more_hours(labels: Labels, name: str, arm: str) -> str:
    fewer, more = labels.study.doses[name].compare[arm]
    return f"{labels.arm(name, arm)}: {more:g} minus {fewer:g} hours a week, in percentage points"


def _heading(row: Estimated, labels: Labels) -> str:
    """What rows beside their truth are of."""
    if row["group"] != ALL:
        return _more_hours(labels, row["contrast"], row["group"])
    return labels.arm(row["contrast"], row["of"])


def _setting(labels: Labels, name: str) -> str:
    first, second = labels.arms(name)
    return f"{first} minus {second[0].lower()}{second[1:]} at the same dose, in percentage points"


def _lines(rows: Sequence[Estimated], methods: Sequence[str], labels: Labels, form: numbers.Form) -> tuple[Line, ...]:
    """A line for each dose; those without a number share one that says why."""
    by: dict[Dose, dict[str, Estimated]] = {}
    for row in rows:
        by.setdefault(dose_of(row), {})[row["method"]] = row
    lines: list[Line] = []
    absent: dict[str, list[Dose]] = {}
    for dose in sorted(by, key=lambda d: (d[1], d[0])):
        cells = tuple(with_interval(by[dose].get(method), form) for method in methods)
        if any(cell != numbers.DASH for cell in cells):
            lines.append(Line(capital(said(dose)), cells))
        else:
            absent.setdefault(effects.absent(next(iter(by[dose].values())), labels), []).append(dose)
    alone = "The others" if lines else "Every dose"
    left = [Line(alone if len(absent) == 1 else _named(absent, why), absent=capital(why)) for why in absent]
    return (*lines, *left)


def _named(absent: Mapping[str, Sequence[Dose]], why: str) -> str:
    """The doses of one of several reasons: by their hours, where no dose of these hours has another."""
    hours = sorted({dose[0] for dose in absent[why] if dose[0]})
    others = {dose[0] for reason, doses in absent.items() if reason != why for dose in doses}
    if hours and others.isdisjoint(hours):
        return f"{', '.join(f'{hour:g}' for hour in hours)} hours a week"
    return capital("; ".join(said(dose) for dose in absent[why]))


def beside_truth(estimates: pd.DataFrame, study: AsRun, truth: pd.DataFrame) -> list[Table]:
    """Doses whose truth is known, with what each method found."""
    labels, found = Labels(study), []
    keys = ["contrast", "outcome", "horizon_days", "of", "estimand", "hours_per_week", "weeks_of_care"]
    known = {tuple(t[k] for k in keys): float(t["truth"]) for t in truth.to_dict("records")}

    def true(row: Estimated) -> float | None:
        """What is known of a dose, or of more against fewer hours."""
        asked = dict(row) | {"estimand": METHODS[G_FORMULA].estimand}
        if row["group"] == ALL:
            return known.get(tuple(asked[k] for k in keys))
        both = [
            known.get(tuple((asked | {"of": row["group"], "hours_per_week": hours})[k] for k in keys))
            for hours in study.doses[row["contrast"]].compare[row["group"]]
        ]
        return None if both[0] is None or both[1] is None else both[1] - both[0]

    for name in study.doses:
        own = estimates[(estimates["contrast"] == name) & estimates["estimate"].notna()]
        blocks = []
        for _, rows in own.groupby([*QUESTION, "of", "group"], sort=False):
            lines = list(_beside(estimated(rows), true))
            if lines:
                row = estimated(rows)[0]
                words = labels.question(row["outcome"], float(row["horizon_days"] or 0), row["missing_rule"])
                blocks.append(Block(f"{_heading(row, labels)}. {words}", tuple(lines)))
        if blocks:
            told = f"Share, or difference ({effects.level(labels)})"
            columns = ("Dose and method", told, OF_TRUTH, "Is the truth inside?")
            found.append(Table(labels.contrast(name), columns, tuple(blocks)))
    return found


def _beside(rows: Sequence[Estimated], true: Callable[[Estimated], float | None]) -> Iterator[Line]:
    for row in sorted(rows, key=lambda r: (dose_of(r)[1], dose_of(r)[0], OF_DOSES.index(r["method"]))):
        value = true(row)
        if value is None:
            continue
        naive, form = row["method"] == NAIVE, numbers.percent if row["group"] == ALL else numbers.points
        label = f"{capital(said(dose_of(row)))}: {doses_method(row['method'])}"
        label += ", wrong on purpose" if naive else ""
        yield Line(label, (with_interval(row, form), form(value, 0.0), inside(row, value)), wrong=naive)
