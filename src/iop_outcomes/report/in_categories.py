"""Hours of the first weeks in categories, in the report: a table for each arm, and numbers beside their known truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import Labels, capital, hours_method, within
from iop_outcomes.protocol import AsRun
from iop_outcomes.report import explanations, protection
from iop_outcomes.report.document import Block, Line, Table
from iop_outcomes.report.known_truth import OF_THOSE_WHO_STAYED, inside, of_truth
from iop_outcomes.report.results import rank, with_interval
from iop_outcomes.report.sentences import effects
from iop_outcomes.report.sentences.categories import questions
from iop_outcomes.report.sentences.effects import Rows
from iop_outcomes.vocabulary.answers import MISSING_RULES
from iop_outcomes.vocabulary.measures import DIFFERENCE
from iop_outcomes.vocabulary.methods import METHODS, UNADJUSTED

if TYPE_CHECKING:
    import pandas as pd

# of whom the weighted answers, and truths, are
KEY = ["contrast", "outcome", "horizon_days", "group", "of", "hours_per_week"]


def tables(estimates: pd.DataFrame, study: AsRun, name: str) -> list[Table]:
    """The tables of hours in categories, one for each arm that has a number."""
    found = []
    for arm, own in estimates[estimates["contrast"] == name].groupby("group", sort=False):
        blocks = tuple(_blocks(own, study, name, str(arm)))
        if any(line.cells for block in blocks for line in block.lines):
            found.append(_table(own, blocks, study, name, str(arm)))
    return found


def _table(own: pd.DataFrame, blocks: tuple[Block, ...], study: AsRun, name: str, arm: str) -> Table:
    labels = Labels(study)
    ci, asked = effects.level(labels), study.intensities[name].categories
    reference = asked.compared_with(arm) if asked else ""
    columns = ["Attended hours a week", f"With the outcome ({ci})"]
    columns += [f"Against \u2018{reference}\u2019 ({ci})"] if reference else []
    note = " ".join(part for part in (explanations.OF_CATEGORIES, protection.of_estimates(own)) if part)
    title = f"{labels.contrast(name)}: {within(labels.arm(name, arm))}"
    return Table(title, (*columns, "People"), blocks, note)


def _blocks(own: pd.DataFrame, study: AsRun, name: str, arm: str) -> Iterator[Block]:
    labels = Labels(study)
    order = own.assign(
        place=rank(own, labels),
        rule=own["missing_rule"].map({r: i for i, r in enumerate(MISSING_RULES)}).fillna(-1),
        rank=own["method"].map({m: i for i, m in enumerate(METHODS)}),
    ).sort_values(["place", "outcome", "horizon_days", "rule", "rank"], kind="stable")
    for question, by_category in questions(order.drop(columns=["place", "rule", "rank"])):
        asked = labels.question(question["outcome"], float(question["horizon_days"] or 0), question["missing_rule"])
        lines = tuple(_line(of, rows, study, name, arm) for of, rows in by_category.items())
        yield Block(f"{asked}. {hours_method(question['method'])}", lines)


def _line(of: str, rows: Rows, study: AsRun, name: str, arm: str) -> Line:
    asked, mean = study.intensities[name].categories, rows[of]
    wrong = mean["method"] in UNADJUSTED
    if not numbers.known(mean["estimate"]):
        return Line(capital(of), absent=capital(effects.absent(mean, Labels(study))))
    cells = [with_interval(mean, numbers.percent)]
    if asked is not None and (reference := asked.compared_with(arm)):
        cells.append("reference" if of == reference else with_interval(rows.get(DIFFERENCE), numbers.points))
    return Line(capital(of), (*cells, numbers.count(mean["n"])), wrong=wrong)


def beside_truth(estimates: pd.DataFrame, study: AsRun, truth: pd.DataFrame) -> list[Table]:
    """Categories with a number whose truth is known, and their differences from the one that is named, by arm."""
    labels, found = Labels(study), []
    own = truth[(truth["estimand"] == OF_THOSE_WHO_STAYED) & truth["hours_per_week"].notna()]
    known = {tuple(row[k] for k in KEY): float(row["truth"]) for row in own.to_dict("records")}
    for name, setting in study.intensities.items():
        asked = estimates[estimates["contrast"] == name]
        if setting.categories is None or asked.empty:
            continue
        blocks = []
        for (arm, *_), rows in asked.groupby(["group", "outcome", "horizon_days", "missing_rule"], sort=False):
            reference = setting.categories.compared_with(str(arm))
            told = list(questions(rows))
            lines = [line for _, by in told for line in _lines_beside(by, labels, reference, known)]
            if lines:
                row = told[0][0]
                question = labels.question(row["outcome"], float(row["horizon_days"] or 0), row["missing_rule"])
                blocks.append(Block(f"{labels.arm(name, str(arm))}. {question}", tuple(lines)))
        found += of_truth(labels, name, blocks)
    return found


def _lines_beside(
    by_category: Mapping[str, Rows], labels: Labels, reference: str, known: Mapping[tuple[object, ...], float]
) -> Iterator[Line]:
    for category, rows in by_category.items():
        for of, row in rows.items():
            value = known.get(tuple(row[k] for k in KEY))  # type: ignore[literal-required]
            if value is None or not numbers.known(row["estimate"]):
                continue
            words, form = (f"{category} against {reference}", numbers.points) if of == DIFFERENCE else (
                category, numbers.percent
            )  # fmt: skip
            wrong = row["method"] in UNADJUSTED
            name = f"{capital(words)}: {hours_method(row['method'])}{', wrong on purpose' if wrong else ''}"
            yield Line(name, (with_interval(row, form), form(value, 0.0), inside(row, value)), wrong=wrong)
