"""Tables of results of hours a week, thresholds of weeks, and of what the weights of strategies and doses achieve."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import Labels, within
from iop_outcomes.protocol import AsRun, Intensity
from iop_outcomes.report import explanations, in_categories
from iop_outcomes.report.document import Block, Line, Table
from iop_outcomes.report.results import of_values, told_of
from iop_outcomes.report.sentences import thresholds
from iop_outcomes.tables.results import (
    ALL,
    BEND_FITS,
    EFFECTIVE_SHARE,
    LARGEST_CORRELATION,
    LARGEST_CORRELATION_BEFORE,
    LARGEST_DIFFERENCE,
    LARGEST_WEIGHT,
    LINE_FITS,
    MEAN_WEIGHT,
    TRUNCATED_SHARE,
)
from iop_outcomes.vocabulary.kind import DOSES, INTENSITIES, STARTING, STRATEGIES
from iop_outcomes.vocabulary.measures import MEASURES

if TYPE_CHECKING:
    import pandas as pd

# columns of what weights of strategies achieve, by quantity
OF_WEIGHTS: dict[str, tuple[str, numbers.Form]] = {
    EFFECTIVE_SHARE: ("Effective share", numbers.percent),
    LARGEST_WEIGHT: ("Largest weight, by the mean", numbers.ratio),
    MEAN_WEIGHT: ("Mean weight", numbers.ratio),
    LARGEST_DIFFERENCE: ("Largest difference", numbers.ratio),
    LARGEST_CORRELATION_BEFORE: ("Largest correlation, as people came", numbers.ratio),
    LARGEST_CORRELATION: ("Weighted", numbers.ratio),
    TRUNCATED_SHARE: ("Cut off", numbers.percent),
}


# by what weights are of: the head of their lines, their title, and how to read them
OF_ROOMS = {
    DOSES: ("Question", "Weights of weekly histories", explanations.OF_HISTORIES),
    INTENSITIES: ("Arm", "Weights for hours", explanations.OF_HOURS_WEIGHTED),
    STRATEGIES: ("Strategy", "Weights of the strategies", explanations.OF_WEIGHTS),
    STARTING: ("Strategy", "Weights of the strategies", explanations.OF_WEIGHTS),
}


def of_intensity(estimates: pd.DataFrame, study: AsRun, name: str) -> list[Table]:
    """The tables of an intensity, one for each arm: more against fewer hours, or tests, a week, or hours in
    categories.
    """
    labels, setting = Labels(study), study.intensities[name]
    if setting.categories:
        return in_categories.tables(estimates, study, name)
    first, second = MEASURES[setting.measure].sides
    tables = []
    for arm, own in estimates[estimates["contrast"] == name].groupby("group", sort=False):
        columns = _amounts(setting, str(arm))
        tables.append(of_values(own, labels, name, columns, (first, second), labels.arm(name, str(arm))))
    return [t for t in tables if any(line.cells for block in t.blocks for line in block.lines)]


def of_threshold(estimates: pd.DataFrame, diagnostics: pd.DataFrame, study: AsRun, name: str) -> list[Table]:
    """The table of a threshold: what further weeks add up to it and beyond it, and which shapes fit the curve."""
    labels, own = Labels(study), estimates[estimates["contrast"] == name]
    if own.empty:
        return []
    table = of_values(own, labels, name, labels.arms(name), labels.sides(name))
    fits = told_of(own, diagnostics, (LINE_FITS, BEND_FITS))
    said = []
    for _, *asked in (key for key in fits if key[0] == LINE_FITS):
        line, bend = (fits.get((quantity, *asked)) for quantity in (LINE_FITS, BEND_FITS))
        if line is not None and bend is not None:
            day = float(str(asked[3]))
            of = labels.question(str(asked[2]), day, str(asked[5]))
            said.append(f"{of}: {within(thresholds.fit(line, bend, study.thresholds[name].at))}")
    return [replace(table, note=" ".join(part for part in (table.note, *said) if part))]


def of_weights(diagnostics: pd.DataFrame, study: AsRun, names: Collection[str]) -> list[Table]:
    """What the weights of some comparisons achieve: one table, a line for each strategy of each question, or, of doses,
    for each question.
    """
    labels = Labels(study)
    own = diagnostics[diagnostics["quantity"].isin(list(OF_WEIGHTS)) & diagnostics["contrast"].isin(list(names))]
    own = own[own["variable"] == ALL]
    told = {q: said for q, said in OF_WEIGHTS.items() if (own["quantity"] == q).any()}
    if own.empty:
        return []
    histories = bool(set(names) & set(study.doses))
    blocks = []
    for name, of_name in own.groupby("contrast", sort=False):
        lines = []
        for (_, outcome, day, rule, arm), found in of_name.groupby(
            ["analysis", "outcome", "horizon_days", "missing_rule", "arm"], sort=False
        ):
            asked = labels.question(str(outcome), float(str(day)), str(rule))
            values = found.set_index("quantity")["value"]
            cells = tuple(_known(values.get(quantity), form) for quantity, (_, form) in told.items())
            whose = asked if histories else f"{labels.arm(str(name), str(arm))} ({within(asked)})"
            lines.append(Line(whose, cells))
        blocks.append(Block(labels.contrast(str(name)), tuple(lines)))
    first, title, note = next(said for room, said in OF_ROOMS.items() if set(names) & set(getattr(study, room)))
    columns = (first, *(head for head, _ in told.values()))
    return [Table(title, columns, tuple(blocks), note)]


def _known(value: float | None, form: numbers.Form) -> str:
    return form(value, 0.0) if value is not None and numbers.known(value) else numbers.DASH


def _amounts(setting: Intensity, arm: str) -> tuple[str, str]:
    """More and fewer hours, or tests, a week, at the head of their columns."""
    if setting.cut is not None:
        return f"{numbers.plain(setting.cut)} tests a week or more", "Fewer"
    if arm not in setting.compare:
        return "More", "Fewer"
    fewer, more = (f"{numbers.plain(hours)} hours a week" for hours in setting.compare[arm])
    return more, fewer
