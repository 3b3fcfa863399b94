"""What an unmeasured confounder would have to be: a plane for each primary answer that chance did not decide.

Across: how strongly it goes along with the arms; upwards: with the outcome, both as ratios. On the solid line such a
confounder could explain the estimate away, on the dashed one it could bring the nearer confidence limit to no
difference, on the dotted one it could bring the estimate to the margin of the study, where it has one; beneath a line
it could not, whatever else is true of it. Where a line crosses the diagonal stands its E-value. Of several methods the
preferred one is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.estimators.two_by_two.unmeasured import outcome_strength
from iop_outcomes.figures import style
from iop_outcomes.presentation import numbers, select, unmeasured
from iop_outcomes.presentation.labels import Labels, method, within
from iop_outcomes.presentation.unmeasured import Judged
from iop_outcomes.protocol import Compared
from iop_outcomes.vocabulary.measures import MEASURES

if TYPE_CHECKING:
    from plotnine import ggplot

WHAT = "What an unmeasured confounder would have to be"
ANSWER = [*unmeasured.QUESTION[1:], "method"]
COLUMNS = [*ANSWER, "part", "with_arm", "with_outcome"]
ESTIMATE, LIMIT, E_VALUE = "Explains the estimate away", "Brings the limit to no difference", "E-value"
MARGIN = "Brings it to the margin"
LINES = {ESTIMATE: "solid", LIMIT: "dashed", MARGIN: "dotted"}
# the axes of a panel reach beyond its E-value by as much, and over so much at least
BEYOND, LEAST = 2.2, 0.5
STEPS = 40


def draw(tables: style.Tables, study: Compared) -> style.Figure:
    """One panel for each primary question whose answer is no 1 already."""
    import pandas as pd

    labels = Labels(study)
    found = [j for j in unmeasured.preferred(unmeasured.judged(tables.estimates, labels)) if j.needed.estimate > 1]
    shown = pd.DataFrame([row for j in found for row in _marks(j)], columns=COLUMNS)
    if shown.empty:
        primary = tables.estimates["outcome"].isin([asked.outcome for asked in study.primary])
        return style.note(select.why(tables.estimates[primary], labels), shown, WHAT)
    return style.Figure(_plot(found, labels), shown, _alt(found, labels))


def _top(judged: Judged) -> float:
    """How far the axes of its panel reach: beyond 1, BEYOND times as far as its larger E-value."""
    largest = max(judged.needed.estimate, judged.to_margin.estimate if judged.to_margin else 1.0)
    return 1 + max(LEAST, BEYOND * (largest - 1))


def _marks(judged: Judged) -> Iterator[dict[str, object]]:
    """The lines of an answer as far as both strengths reach, and its E-values."""
    top = _top(judged)
    key = {name: judged.row[name] for name in ANSWER}  # type: ignore[literal-required]
    drawn = [(ESTIMATE, judged.ratio, judged.needed.estimate), (LIMIT, judged.nearer, judged.needed.limit)]
    if judged.margin is not None and judged.to_margin is not None:
        drawn.append((MARGIN, judged.ratio / judged.margin, judged.to_margin.estimate))
    for part, ratio, needed in drawn:
        if needed <= 1:
            continue
        # the line is its own mirror: from where it enters the plane at the top to where it leaves it on the right
        nearest = outcome_strength(ratio, top)
        for with_arm in np.geomspace(nearest, top, STEPS):
            yield {**key, "part": part, "with_arm": with_arm, "with_outcome": outcome_strength(ratio, with_arm)}
        yield {**key, "part": _e_value(part), "with_arm": needed, "with_outcome": needed}


def _e_value(part: str) -> str:
    return f"{E_VALUE}: {within(part)}"


def _plot(found: list[Judged], labels: Labels) -> ggplot:
    import pandas as pd
    from plotnine import (
        aes,
        facet_wrap,
        geom_abline,
        geom_blank,
        geom_line,
        geom_point,
        geom_text,
        ggplot,
        labs,
        scale_linetype_manual,
    )

    panels = [(_title(j, labels), j) for j in found]
    marks = pd.DataFrame([row for panel, j in panels for row in _written(panel, j)])
    corners = pd.DataFrame(
        [{"panel": panel, "with_arm": v, "with_outcome": v} for panel, j in panels for v in (1.0, _top(j))]
    )
    for frame in (marks, corners):
        frame["panel"] = pd.Categorical(frame["panel"], list(dict.fromkeys(panel for panel, _ in panels)))
    lines = marks[marks["part"].isin(list(LINES))]
    lines = lines.assign(part=pd.Categorical(lines["part"], [p for p in LINES if p in set(lines["part"])]))
    values = marks[~marks["part"].isin(list(LINES))]
    # the E-value of the limit is written on the other side of its line, as the two may lie close together
    above = values[values["part"].isin([_e_value(ESTIMATE), _e_value(MARGIN)])]
    below = values[values["part"] == _e_value(LIMIT)]
    rows, small = -(-len(panels) // 2), {"size": 8.5, "color": style.INK}
    return (
        ggplot(lines, aes("with_arm", "with_outcome"))
        + geom_abline(intercept=0, slope=1, color=style.GRID)
        + geom_line(aes(linetype="part"), color=style.COLOURS[0], size=0.8)
        + geom_point(data=values, color=style.COLOURS[0], size=2)
        + geom_text(aes("with_arm + by", "with_outcome + by", label="text"), above, ha="left", va="bottom", **small)
        + geom_text(aes("with_arm - by", "with_outcome - by", label="text"), below, ha="right", va="top", **small)
        + geom_blank(data=corners)
        + facet_wrap("panel", ncol=2, scales="free")
        + scale_linetype_manual([LINES[p] for p in lines["part"].cat.categories])
        + labs(x="How strongly it goes along with the arms (ratio)", y="With the outcome, within an arm (ratio)")
        + style.look(height=1.0 + 3.1 * rows)
    )


def _written(panel: str, judged: Judged) -> Iterator[dict[str, object]]:
    """The marks of a panel, E-values with how they are written and how far beside their points."""
    beside = (_top(judged) - 1) / 40
    for mark in _marks(judged):
        text = "" if mark["part"] in LINES else numbers.ratio(mark["with_arm"], judged.error)
        yield {**mark, "panel": panel, "text": text, "by": beside}


def _title(judged: Judged, labels: Labels) -> str:
    row = judged.row
    asked = labels.question(row["outcome"], float(row["horizon_days"] or 0), row["missing_rule"])
    called = MEASURES[row["measure"]].called
    ratio = numbers.with_limits(
        row["estimate"], row["conf_low"], row["conf_high"], numbers.ratio, row["rounding_error"]
    )
    text = f"{asked}{', ' + within(called) if called else ''}, {within(method(row['method']))}: ratio {ratio}"
    several = len(labels.study.contrasts) > 1
    return style.wrap(f"{labels.numbered(row['contrast'])}. {text}" if several else text, 44)


def _alt(found: list[Judged], labels: Labels) -> str:
    said = []
    for judged in found:
        title = " ".join(_title(judged, labels).split("\n"))
        estimate = numbers.ratio(judged.needed.estimate, judged.error)
        limit = (
            f"{numbers.ratio(judged.needed.limit, judged.error)} to bring its limit there"
            if judged.needed.limit > 1
            else "its interval holds no difference already"
        )
        to_margin = judged.to_margin
        further = f", {numbers.ratio(to_margin.estimate, judged.error)} to bring it to the margin" if to_margin else ""
        said.append(f"{title}, E-value {estimate} to explain the estimate away, {limit}{further}")
    return (
        "How strongly a confounder that is on no record would have to go along with arms and outcome to explain the "
        f"primary answers away. {'; '.join(said)}."
    )
