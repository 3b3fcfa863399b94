"""What others have found of setting, as differences of shares, with this cohort's own answers beneath (a forest plot).

Results without printed shares keep their row and say so: what was not told is part of what is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from math import nan
from typing import TYPE_CHECKING

from iop_outcomes.figures import forest, style
from iop_outcomes.presentation import evidence, numbers, select
from iop_outcomes.presentation.evidence import Result
from iop_outcomes.presentation.labels import Labels, method, within
from iop_outcomes.protocol import Compared
from iop_outcomes.tables.rows import Estimated, estimated
from iop_outcomes.vocabulary.causes import COMPLETED
from iop_outcomes.vocabulary.endpoints import LEFT_INDEX, USE_ON_A_DAY
from iop_outcomes.vocabulary.levels import RULES
from iop_outcomes.vocabulary.measures import DIFFERENCE, RISK
from iop_outcomes.vocabulary.statuses import OK, STATUSES

if TYPE_CHECKING:
    import pandas as pd

ASKED = "setting"
OF_TRIALS = "Trials in which chance decided on the setting"


@dataclass(frozen=True)
class Shown:
    """A line of the plot: a trial's result or an answer of this cohort, as differences of shares. method: by which the
    cohort answers, '' of a trial.
    """

    source: str
    outcome: str
    difference: float
    conf_low: float
    conf_high: float
    shown: str
    method: str = ""


def draw(tables: style.Tables, study: Compared) -> style.Figure:
    """One forest plot; the trials first, then each contrast of the study."""
    import pandas as pd

    labels = Labels(study)
    shown = [*_of_others(), *_own(tables.estimates, labels)]
    axis = forest.Axis(
        "Difference in percentage points, care by day minus care by day and night\n(this cohort: first arm minus "
        "second; right of the line: more in the first)",
        "Points (interval)",
        percent=True,
        text_share=0.66,
        label_share=1.05,
    )
    return style.Figure(forest.plot(list(_rows(shown)), axis), pd.DataFrame([asdict(s) for s in shown]), _alt(shown))


def _of_others() -> Iterator[Shown]:
    for result in evidence.results():
        study = result.study
        if study.question == ASKED and study.assigned == evidence.CHANCE:
            gap = result.difference
            told = evidence.points_of(gap) if gap else result.told()
            values = (gap.estimate, gap.low, gap.high) if gap else (nan, nan, nan)
            yield Shown(_name(result), result.asked, *values, told)


def _name(result: Result) -> str:
    return result.study.source.split(",")[0].split(";")[0]


def _own(estimates: pd.DataFrame, labels: Labels) -> Iterator[Shown]:
    """The answer of the preferred method on the last day, for each contrast of levels of care, of completing and of
    abstinence on a day, which the trials have too.
    """
    asked = [
        name
        for name, endpoint in labels.endpoints().items()
        if endpoint.kind in USE_ON_A_DAY or (endpoint.kind in LEFT_INDEX and endpoint.cause == COMPLETED)
    ]
    of_setting = [n for n, contrast in labels.study.contrasts.items() if contrast.column in RULES.values()]
    rows = select.of_arms(estimates, RISK, asked)
    rows = rows[(rows["of"] == DIFFERENCE) & rows["contrast"].isin(of_setting)]
    rows = rows.sort_values("outcome", key=lambda o: o.map(asked.index), kind="stable")
    for (contrast, outcome), own in rows.groupby(["contrast", "outcome"], sort=False):
        last = own[own["horizon_days"] == own["horizon_days"].max()]
        first = last[last["missing_rule"] == last["missing_rule"].iloc[0]]
        (row,) = estimated(select.best(first))
        yield _of_cohort(row, str(contrast), str(outcome), labels)


def _of_cohort(row: Estimated, contrast: str, outcome: str, labels: Labels) -> Shown:
    day = f"day {row['horizon_days']:.0f}"
    reading = within(labels.reading(outcome, str(row["missing_rule"])))
    asked = ", ".join(w for w in (labels.endpoint(outcome), day, reading) if w)
    by = within(method(str(row["method"])))
    if row["status"] != OK:
        return Shown(labels.against(contrast), asked, nan, nan, nan, STATUSES[str(row["status"])].drawn, by)
    told = numbers.with_limits(
        row["estimate"], row["conf_low"], row["conf_high"], numbers.points, row["rounding_error"]
    )
    limits = (row["estimate"], row["conf_low"], row["conf_high"])
    return Shown(labels.against(contrast), asked, *limits, f"{told} points", by)


def _rows(shown: list[Shown]) -> Iterator[forest.Row]:
    last = ""
    for line in shown:
        heading = (
            f"This cohort, {line.method}: {within(line.source)}"
            if line.method
            else "Trials in which chance decided on the setting"
        )
        if heading != last:
            yield forest.Row(heading, heading=True)
        last = heading
        label = line.outcome if line.method else f"{line.source}: {within(line.outcome)}"
        yield forest.Row(
            label,
            line.difference,
            line.conf_low,
            line.conf_high,
            text=line.shown.removesuffix(" points"),
            color=style.COLOURS[0] if line.method else style.SOFT,
            shape="o" if line.method else "s",
        )


def _alt(shown: list[Shown]) -> str:
    said = "; ".join(
        f"{s.source}, {within(', '.join(w for w in (s.outcome, s.method) if w))}: {s.shown}" for s in shown
    )
    return f"Forest plot of differences between settings, those of trials above those of this cohort. {said}."
