"""Tables of results: estimates side by side by method, people behind them, and what there is no number for.

A table has blocks, one for each endpoint, day and reading of missing outcomes, with a line for each method. A line
without a number says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import Labels, capital, duration_method, level, method, missing_rule, within
from iop_outcomes.protocol import AsRun
from iop_outcomes.report.document import WITHHELD, Block, Line, Table
from iop_outcomes.report.sentences import effects
from iop_outcomes.report.summary import Pair, pairs, rank
from iop_outcomes.tables.results import ALL, ONE_RATIO
from iop_outcomes.tables.rows import Counted, Estimated, counted, estimated
from iop_outcomes.vocabulary import answers
from iop_outcomes.vocabulary.endpoints import RETENTION
from iop_outcomes.vocabulary.measures import FEWER_HOURS, HAZARD_RATIO, MEASURES, MORE_HOURS, RATIO
from iop_outcomes.vocabulary.methods import METHODS, UNADJUSTED
from iop_outcomes.vocabulary.statuses import STATUSES

if TYPE_CHECKING:
    import pandas as pd

# value and signed difference, by unit
FORMS: dict[str, tuple[numbers.Form, numbers.Form]] = {
    "share": (numbers.percent, numbers.points),
    "days": (numbers.days, numbers.signed_days),
}
HOURS = (MORE_HOURS, FEWER_HOURS)


def of_contrast(
    estimates: pd.DataFrame, diagnostics: pd.DataFrame, study: AsRun, contrast: str, step: str
) -> list[Table]:
    """The tables of one contrast and one step: one of shares or days, one of hazard ratios, where there are any."""
    labels = Labels(study)
    wanted = {(a.analysis, a.contrast) for a in study.analyses if a.step == step}
    own = estimates[estimates["contrast"] == contrast]
    own = own[own["analysis"].isin([a for a, c in wanted if c == contrast])]
    values, ratios = own[own["measure"] != HAZARD_RATIO], own[own["measure"] == HAZARD_RATIO]
    tables = []
    if len(values):
        tables.append(_values(values, labels, contrast, (labels.arms(contrast)), labels.sides(contrast)))
    if len(ratios):
        tests = diagnostics[(diagnostics["quantity"] == ONE_RATIO) & diagnostics["value"].notna()]
        tests = tests[tests["analysis"].isin(ratios["analysis"])]
        tables.append(_ratios(ratios, labels, contrast, tests, effects.WHY_LAST if step == RETENTION else ""))
    return tables


def of_hours(estimates: pd.DataFrame, study: AsRun, name: str) -> list[Table]:
    """The tables of an intensity, one for each arm: more against fewer hours a week."""
    labels = Labels(study)
    tables = []
    for arm, own in estimates[estimates["contrast"] == name].groupby("group", sort=False):
        wanted = study.intensities[name].compare.get(str(arm))
        columns = tuple(f"{numbers.plain(h)} hours a week" for h in reversed(wanted)) if wanted else ("More", "Fewer")
        tables.append(_values(own, labels, name, (columns[0], columns[1]), HOURS, labels.arm(name, str(arm))))
    return [t for t in tables if any(line.cells for block in t.blocks for line in block.lines)]


def _values(
    own: pd.DataFrame, labels: Labels, name: str, arms: tuple[str, str], sides: tuple[str, str], who: str = ""
) -> Table:
    blocks = [
        Block(heading, tuple(_value_line(pair, labels, sides) for pair in found))
        for heading, found in grouped(own, labels)
    ]
    ci = effects.level(labels)
    columns = ("Method", *arms, f"Difference ({ci})", f"Ratio ({ci})", "People", "Effective number")
    return Table(f"{labels.contrast(name)}{': ' + within(who) if who else ''}", columns, tuple(blocks))


def grouped(own: pd.DataFrame, labels: Labels) -> list[tuple[str, list[Pair]]]:
    """Estimands under their headings, methods in order."""
    keys = ["outcome", "horizon_days", "missing_rule", "measure"]
    order = own.assign(
        place=rank(own, labels),
        rank=own["method"].map({m: i for i, m in enumerate(METHODS)}).fillna(len(METHODS)),
    ).sort_values(["place", "outcome", "horizon_days", "missing_rule", "rank"], kind="stable")
    return [
        (_heading(estimated(rows.head(1))[0], labels), pairs(rows))
        for _, rows in order.groupby(keys, sort=False, dropna=False)
    ]


def _heading(row: Estimated, labels: Labels) -> str:
    rule = missing_rule(row["missing_rule"])
    text = f"{labels.endpoint(row['outcome'])}, day {row['horizon_days']:.0f}"
    return f"{text}: {within(rule)}" if rule else text


def label(pair: Pair, labels: Labels) -> str:
    """The method of an estimand, as its row is called."""
    row = pair.main
    durations = labels.study.durations
    name = method(row["method"])
    if row["contrast"] in durations:
        name = duration_method(row["measure"], row["method"], durations[row["contrast"]].days)
    return name


def of_period(pair: Pair) -> str:
    """The days of follow-up that a hazard ratio is of, or ''."""
    row = pair.main
    return f"day {row['from_day']} to {row['to_day']}" if numbers.known(row["from_day"]) else ""


def misleading(pair: Pair, labels: Labels) -> bool:
    """The comparison is shown to warn: unadjusted, of arms that were not assigned by chance."""
    return pair.main["method"] in UNADJUSTED and not labels.randomised(pair.main["contrast"])


def forms(pair: Pair) -> tuple[numbers.Form, numbers.Form]:
    """How values of an estimand are written, and how their differences are."""
    return FORMS[MEASURES[pair.main["measure"]].unit]


def _value_line(pair: Pair, labels: Labels, sides: tuple[str, str]) -> Line:
    name = label(pair, labels)
    if not pair.there:
        return Line(name, absent=capital(effects.absent(pair.main, labels)))
    value, signed = forms(pair)
    gap, ratio = pair.main, pair.rows.get(RATIO)
    cells = (
        *(value(pair.rows[s]["estimate"]) if s in pair.rows else numbers.DASH for s in sides),
        with_interval(gap, signed),
        with_interval(ratio, numbers.ratio),
        numbers.count(gap["n"]),
        numbers.count(gap["n_effective"]),
    )
    return Line(name, cells, wrong=misleading(pair, labels))


def with_interval(row: Estimated | None, form: numbers.Form) -> str:
    """An estimate with its interval: '+4.9 (+1.0 to +8.8)'; a dash without one."""
    if row is None or not numbers.known(row["estimate"]):
        return numbers.DASH
    return f"{form(row['estimate'])} ({numbers.interval(row['conf_low'], row['conf_high'], form)})"


def _ratios(own: pd.DataFrame, labels: Labels, name: str, tests: pd.DataFrame, note: str) -> Table:
    blocks = [
        Block(heading, tuple(_ratio_line(pair, labels, tests) for pair in found))
        for heading, found in grouped(own, labels)
    ]
    columns = ["Method", f"Hazard ratio ({effects.level(labels)})", "People", "People with the event"]
    if len(tests):
        columns.append("Test of one ratio, p")
    return Table(f"{labels.contrast(name)}: hazard ratios", tuple(columns), tuple(blocks), note)


def _ratio_line(pair: Pair, labels: Labels, tests: pd.DataFrame) -> Line:
    days = of_period(pair)
    name = f"– {days}" if days else label(pair, labels)  # under its method
    if not pair.there:
        return Line(name, absent=capital(effects.absent(pair.main, labels)))
    cells = [with_interval(pair.main, numbers.ratio)]
    cells += [numbers.DASH] * 2 if days else [numbers.count(pair.main["n"]), numbers.count(pair.main["events"])]
    if len(tests):
        cells.append(numbers.DASH if days else _p_of(pair.main, tests))
    return Line(name, tuple(cells), wrong=misleading(pair, labels))


def _p_of(row: Estimated, tests: pd.DataFrame) -> str:
    """The p value of the ratios of all periods being one."""
    keys = ["analysis", "contrast", "outcome", "horizon_days", "method", "missing_rule"]
    asked: Mapping[str, object] = row
    own = tests[(tests[keys] == [asked[k] for k in keys]).all(axis=1)]
    return numbers.p_value(float(own["value"].iloc[0])) if len(own) else numbers.DASH


@dataclass(frozen=True)
class Gap:
    """Estimates that do not exist for one reason."""

    status: str
    reason: str
    what: tuple[str, ...]


def gaps(estimates: pd.DataFrame, study: AsRun) -> list[Gap]:
    """Every estimate without a number, grouped by its reason."""
    labels = Labels(study)
    absent = estimates[(estimates["status"] != "ok") | estimates["estimate"].isna()]
    grouped: dict[tuple[str, str], dict[tuple[str, str], list[str]]] = {}
    for row in estimated(absent):
        reason = labels.reason(row["contrast"], row["reason"]) or "no number was released"
        asked = (labels.contrast(row["contrast"]), _heading(row, labels))
        of = grouped.setdefault((STATUSES[row["status"]].label or "Not available", reason), {})
        names = of.setdefault(asked, [])
        if method(row["method"]) not in names:
            names.append(method(row["method"]))
    return [
        Gap(
            status,
            capital(reason),
            tuple(_asked(title, heading, names) for (title, heading), names in of.items()),
        )
        for (status, reason), of in grouped.items()
    ]


def _asked(title: str, heading: str, names: Sequence[str]) -> str:
    return f"{title}. {heading} ({', '.join(within(n) for n in names)})"


def of_levels(counts: pd.DataFrame, study: AsRun, contrast: str, step: str) -> list[Table]:
    """How many people had which state of the outcomes of a step, by arm: what the readings of missing ones rest on."""
    labels = Labels(study)
    asked = {(a.analysis, a.outcome, a.horizon_days) for a in study.analyses if a.step == step}
    own = counts[(counts["contrast"] == contrast) & (counts["group_by"] == ALL)]
    keys = zip(own["analysis"], own["outcome"], own["horizon_days"], strict=True)
    own = own.loc[own.index[[i for i, key in enumerate(keys) if key in asked]]]
    blocks = []
    sides = labels.sides(contrast)
    for (outcome, day), rows in own.groupby(["outcome", "horizon_days"], sort=False):
        cells = {(r["level"], r["arm"]): r for r in counted(rows)}
        ranks = {v: i for i, v in enumerate(answers.LABELS)}
        levels = sorted(set(rows["level"]), key=lambda v: (ranks.get(v, len(ranks)), v))
        lines = [Line(level(str(v)), tuple(count(cells.get((v, side))) for side in sides)) for v in levels]
        blocks.append(Block(f"{labels.endpoint(str(outcome))}, day {day:.0f}", tuple(lines)))
    if not blocks:
        return []
    return [Table(f"{labels.contrast(contrast)}: people by state", ("State", *labels.arms(contrast)), tuple(blocks))]


def count(row: Counted | None) -> str:
    """A released count, or that it is withheld; no row is no one."""
    if row is None:
        return numbers.count(0)
    return numbers.count(row["count"]) if row["status"] == "ok" and numbers.known(row["count"]) else WITHHELD
