"""Tables of results: estimates side by side by method, people behind them, and what there is no number for.

A table has blocks, one for each endpoint, day and reading of missing outcomes, with a line for each method. A line
without a number says why.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from iop_outcomes.estimators.regression.few_clusters import ENOUGH
from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import (
    Labels,
    capital,
    doses_method,
    duration_method,
    hours_method,
    method,
    strategies_method,
    thresholds_method,
    within,
)
from iop_outcomes.protocol import AsRun, two_strategies
from iop_outcomes.report import protection
from iop_outcomes.report.document import Block, Line, Table
from iop_outcomes.report.sentences import effects
from iop_outcomes.report.summary import Pair, paired, rank
from iop_outcomes.tables.results import (
    FEW_SITES_DEGREES,
    FEW_SITES_HIGH,
    FEW_SITES_LOW,
    OF_QUESTIONS,
    ONE_RATIO,
    OVER_WEEKS,
    PROPORTIONAL,
)
from iop_outcomes.tables.rows import Estimated, alike, estimated
from iop_outcomes.vocabulary import answers
from iop_outcomes.vocabulary.kind import RETENTION
from iop_outcomes.vocabulary.measures import DAYS, MEASURES, NUMBER, OF_PLACES, POINTS, RATIO, RATIOS, SHARE
from iop_outcomes.vocabulary.methods import METHODS, UNADJUSTED

if TYPE_CHECKING:
    import pandas as pd

# value and signed difference, by unit
FORMS: dict[str, tuple[numbers.Form, numbers.Form]] = {
    SHARE: (numbers.percent, numbers.points),
    POINTS: (numbers.points, numbers.points),
    DAYS: (numbers.days, numbers.signed_days),
    NUMBER: (numbers.days, numbers.signed_days),
}
# what a question is known by
QUESTION = ("analysis", "contrast", "outcome", "horizon_days", "method", "missing_rule")
# values of diagnostics, by quantity and question
Values = Mapping[tuple[object, ...], float]
# columns of p values, by quantity
TESTS = {ONE_RATIO: "Test of one ratio, p", PROPORTIONAL: "Proportional hazards, p", OVER_WEEKS: "Same in all weeks, p"}
OF_THE_SCORE_TEST = (
    "Proportional hazards: the score test of a log ratio that does not change with the share of people who have had "
    "the event (Grambsch and Therneau 1994, Biometrika 81:515), of unweighted ratios of independent people, for which "
    "alone it holds."
)
OF_FEW_SITES = (
    "Few sites: fewer than {number} hold people of the comparison, and the interval of the difference is given once "
    "more with people of a site taken together, by bias-reduced linearisation (CR2) and a t distribution on the "
    "degrees of freedom in brackets."
)


def of_contrast(
    estimates: pd.DataFrame, diagnostics: pd.DataFrame, study: AsRun, contrast: str, step: str
) -> list[Table]:
    """The tables of one contrast and one step: one of shares or days, one of each ratio, if any."""
    labels = Labels(study)
    wanted = {(a.analysis, a.contrast) for a in study.analyses if a.step == step}
    own = estimates[estimates["contrast"] == contrast]
    own = own[own["analysis"].isin([a for a, c in wanted if c == contrast])]
    values = own[~own["measure"].isin([*RATIOS, *OF_PLACES])]
    tables = []
    if len(values):
        few = told_of(values, diagnostics, (FEW_SITES_LOW, FEW_SITES_HIGH, FEW_SITES_DEGREES))
        tables.append(of_values(values, labels, contrast, labels.arms(contrast), labels.sides(contrast), few=few))
    for measure in RATIOS:
        ratios = own[own["measure"] == measure]
        if len(ratios):
            note = MEASURES[measure].note if step == RETENTION else ""
            tables.append(_ratios(ratios, labels, contrast, told_of(ratios, diagnostics, TESTS), note))
    return tables


def told_of(own: pd.DataFrame, diagnostics: pd.DataFrame, quantities: Collection[str]) -> Values:
    """What diagnostics tell of the questions of some estimates: value by quantity and question."""
    of = [q for q in quantities if OF_QUESTIONS[q] in set(own["measure"])]
    found = diagnostics[diagnostics["quantity"].isin(of) & diagnostics["value"].notna()]
    found = found[found["analysis"].isin(own["analysis"]) & found["contrast"].isin(own["contrast"])]
    keys = found[["quantity", *QUESTION]].itertuples(index=False, name=None)
    return dict(zip(keys, found["value"].astype(float), strict=True))


def _question(row: Mapping[str, object]) -> tuple[object, ...]:
    return tuple(row[k] for k in QUESTION)


def of_values(
    own: pd.DataFrame,
    labels: Labels,
    name: str,
    arms: tuple[str, str],
    sides: tuple[str, str],
    who: str = "",
    few: Values | None = None,
) -> Table:
    """few: the intervals of differences that count few sites as clusters."""
    blocks = [
        Block(heading, tuple(_value_line(pair, labels, sides, few) for pair in found))
        for heading, found in grouped(own, labels)
    ]
    ci = effects.level(labels)
    columns = ["Method", *arms, f"Difference ({ci})", f"Ratio ({ci})", "People", "Effective number"]
    if few:
        columns.append(f"Difference, few sites ({ci}, degrees of freedom)")
    note = " ".join(s for s in (protection.of_estimates(own), OF_FEW_SITES.format(number=ENOUGH) if few else "") if s)
    return Table(f"{labels.contrast(name)}{': ' + within(who) if who else ''}", tuple(columns), tuple(blocks), note)


def grouped(own: pd.DataFrame, labels: Labels) -> list[tuple[str, list[Pair]]]:
    """Estimands under their headings, methods in order."""
    keys = ["outcome", "horizon_days", "missing_rule", "measure"]
    order = own.assign(
        place=rank(own, labels),
        rule=own["missing_rule"].map({r: i for i, r in enumerate(answers.MISSING_RULES)}).fillna(-1),
        rank=own["method"].map({m: i for i, m in enumerate(METHODS)}).fillna(len(METHODS)),
    ).sort_values(["place", "outcome", "horizon_days", "rule", "rank"], kind="stable")
    asked = alike(estimated(order.drop(columns=["place", "rule", "rank"])), keys).values()
    return [(heading(rows[0], labels), paired(rows)) for rows in asked]


def heading(row: Estimated, labels: Labels) -> str:
    """The question of an estimand: outcome, day and reading of missing ones."""
    asked = labels.question(row["outcome"], float(row["horizon_days"] or 0), row["missing_rule"])
    measure = MEASURES[row["measure"]]
    apart = measure.amount or measure.sides
    return f"{asked}, {measure.called}" if apart and measure.called else asked


def label(pair: Pair, labels: Labels) -> str:
    """The method of an estimand, as its row is called, with the mark of its family."""
    return _method(pair.main, labels) + labels.mark(pair.main)


def _method(row: Estimated, labels: Labels) -> str:
    durations = labels.study.durations
    name = method(row["method"])
    if row["contrast"] in durations:
        name = duration_method(row["measure"], row["method"], durations[row["contrast"]].days)
    if row["contrast"] in labels.study.intensities:
        return hours_method(row["method"])
    if row["contrast"] in labels.study.doses:
        return doses_method(row["method"])
    if row["contrast"] in labels.study.thresholds:
        return thresholds_method(row["method"])
    return strategies_method(row["method"]) if row["contrast"] in two_strategies(labels.study) else name


def of_period(row: Estimated) -> str:
    """The days of follow-up that a hazard ratio is of, or ''."""
    return f"day {row['from_day']} to {row['to_day']}" if numbers.known(row["from_day"]) else ""


def misleading(pair: Pair, labels: Labels) -> bool:
    """The comparison is shown to warn: unadjusted, of arms that were not assigned by chance."""
    return pair.main["method"] in UNADJUSTED and not labels.randomised(pair.main["contrast"])


def forms(pair: Pair) -> tuple[numbers.Form, numbers.Form]:
    """How values of an estimand are written, and how their differences are."""
    return FORMS[MEASURES[pair.main["measure"]].unit]


def _value_line(pair: Pair, labels: Labels, sides: tuple[str, str], few: Values | None = None) -> Line:
    name = label(pair, labels)
    if not pair.there:
        return Line(name, absent=capital(effects.absent(pair.main, labels)))
    value, signed = forms(pair)
    gap, ratio = pair.main, pair.rows.get(RATIO)
    cells = (
        *(value_of(pair.rows.get(s), value) for s in sides),
        with_interval(gap, signed),
        with_interval(ratio, numbers.ratio),
        numbers.count(gap["n"]),
        numbers.count(gap["n_effective"]),
        *((_with_few_sites(gap, signed, few),) if few else ()),
    )
    return Line(name, cells, wrong=misleading(pair, labels))


def _with_few_sites(row: Estimated, form: numbers.Form, few: Values) -> str:
    """'+1.0 to +8.8 (12.4)': the interval of a difference with few sites, and its degrees of freedom."""
    asked = _question(row)
    if row["measure"] != OF_QUESTIONS[FEW_SITES_LOW] or (FEW_SITES_LOW, *asked) not in few:
        return numbers.DASH
    low, high, degrees = (few[name, *asked] for name in (FEW_SITES_LOW, FEW_SITES_HIGH, FEW_SITES_DEGREES))
    return f"{numbers.interval(low, high, form, row['rounding_error'])} ({numbers.decimals(degrees, 1)})"


def with_interval(row: Estimated | None, form: numbers.Form) -> str:
    """An estimate with its interval: '+4.9 (+1.0 to +8.8)'; a dash without one."""
    if row is None or not numbers.known(row["estimate"]):
        return numbers.DASH
    return numbers.with_limits(row["estimate"], row["conf_low"], row["conf_high"], form, row["rounding_error"])


def value_of(row: Estimated | None, form: numbers.Form) -> str:
    """An estimate without its interval; a dash without one."""
    return numbers.DASH if row is None else form(row["estimate"], row["rounding_error"])


def _ratios(own: pd.DataFrame, labels: Labels, name: str, tested: Values, note: str) -> Table:
    """tested: p values of the tests of one ratio being enough."""
    tests = [test for test in TESTS if any(key[0] == test for key in tested)]
    blocks = [
        Block(heading, tuple(_ratio_line(pair, labels, tests, tested) for pair in found))
        for heading, found in grouped(own, labels)
    ]
    measure = MEASURES[own["measure"].iloc[0]]
    columns = [
        "Method", f"{measure.called} ({effects.level(labels)})", "People", "People with the event",
        *(TESTS[t] for t in tests),
    ]  # fmt: skip
    said = " ".join(s for s in (note, protection.of_estimates(own), OF_THE_SCORE_TEST * (PROPORTIONAL in tests)) if s)
    return Table(f"{labels.contrast(name)}: {measure.many}", tuple(columns), tuple(blocks), said)


def _ratio_line(pair: Pair, labels: Labels, tests: Sequence[str], tested: Values) -> Line:
    days = of_period(pair.main)
    name = f"– {days}" if days else label(pair, labels)  # under its method
    if not pair.there:
        return Line(name, absent=capital(effects.absent(pair.main, labels)))
    cells = [with_interval(pair.main, numbers.ratio)]
    cells += [numbers.DASH] * 2 if days else [numbers.count(pair.main[c]) for c in ("n", "events")]
    for test in tests:
        p = None if days else tested.get((test, *_question(pair.main)))
        cells.append(numbers.DASH if p is None else numbers.p_value(p))
    return Line(name, tuple(cells), wrong=misleading(pair, labels))
