"""A funnel of sites: the difference of each site by how precisely it is known, for each primary question.

Across: the difference; upwards: precision, the standard error falling. The solid line is the mean of the sites; between
the dashed lines ninety-five of a hundred sites would lie, were there one difference at all of them. Sites that are told
alone are drawn, as they are told: rounded, so that some stand above each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from iop_outcomes.estimators.base import distributions as stats
from iop_outcomes.figures import style
from iop_outcomes.presentation import numbers, select, sites
from iop_outcomes.presentation.labels import Labels
from iop_outcomes.presentation.sites import BySite
from iop_outcomes.protocol import Compared

if TYPE_CHECKING:
    import pandas as pd
    from plotnine import ggplot

WHAT = "The funnel of sites"
KEPT = ("contrast", "outcome", "horizon_days", "method", "missing_rule", "group", "estimate", "std_error",
        "rounding_error")  # fmt: skip
ACROSS = 2


def draw(tables: style.Tables, study: Compared) -> style.Figure:
    """One panel for each question of which enough sites are told."""
    import pandas as pd

    labels = Labels(study)
    estimates = tables.everything if tables.everything is not None else tables.estimates
    found = [one for one in sites.by_site(estimates, labels) if one.together is not None]
    shown = pd.DataFrame([{name: row[name] for name in KEPT} for one in found for row in one.sites], columns=list(KEPT))  # type: ignore[literal-required]
    if not found:
        own = estimates[estimates["contrast"].isin(list(study.sites))]
        return style.note(select.why(own, labels), shown, WHAT)
    return style.Figure(_plot(found, labels), shown, " ".join(_said(one, labels) for one in found))


def _panel(one: BySite, labels: Labels) -> str:
    row = one.whole
    text = labels.question(row["outcome"], float(row["horizon_days"] or 0), row["missing_rule"])
    several = len(labels.study.sites) > 1
    return style.wrap(f"{labels.numbered(row['contrast'])}. {text}" if several else text, 46)


def _funnel(one: BySite, labels: Labels) -> Iterator[dict[str, object]]:
    """The lines of a panel, in percentage points."""
    found = one.together
    if found is None:
        return
    most = 1.08 * max(row["std_error"] for row in one.sites)
    reach = float(stats.norm.ppf(0.5 + one.level / 2)) * most
    for line, away in (("mean", 0.0), ("low", -reach), ("high", reach)):
        ends = {"x": 100 * found.value, "xend": 100 * (found.value + away), "y": 0.0, "yend": 100 * most}
        yield {"panel": _panel(one, labels), "line": line, **ends}


def _plot(found: list[BySite], labels: Labels) -> ggplot:
    import pandas as pd
    from plotnine import aes, facet_wrap, geom_point, geom_segment, geom_vline, ggplot, labs, scale_y_reverse

    names = [_panel(one, labels) for one in found]
    lines = _ordered(pd.DataFrame([line for one in found for line in _funnel(one, labels)]), names)
    marks = [
        {"panel": name, "x": 100 * row["estimate"], "y": 100 * row["std_error"]}
        for name, one in zip(names, found, strict=True)
        for row in one.sites
    ]
    rows = -(-len(found) // ACROSS)
    out = ggplot(_ordered(pd.DataFrame(marks), names), aes("x", "y")) + geom_vline(xintercept=0, color=style.GRID)
    for kind, own in lines.groupby(lines["line"] == "mean", sort=True):
        look = {"linetype": "solid" if kind else "dashed", "color": style.INK if kind else style.SOFT}
        out += geom_segment(aes("x", "y", xend="xend", yend="yend"), data=own, size=0.6, **look)
    return (
        out
        + geom_point(color=style.COLOURS[0], size=2, alpha=0.75)
        + facet_wrap("panel", ncol=ACROSS, scales="free")
        + scale_y_reverse()
        + labs(x="Difference at the site, percentage points", y="Standard error, percentage points")
        + style.look(height=0.7 + 2.9 * rows)
    )


def _ordered(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    import pandas as pd

    return frame.assign(panel=pd.Categorical(frame["panel"], list(dict.fromkeys(names))))


def _said(one: BySite, labels: Labels) -> str:
    found = one.together
    if found is None:
        return ""
    asked = " ".join(_panel(one, labels).split("\n"))
    return (
        f"{asked}: differences of {numbers.count(len(one.sites))} sites about a mean of {numbers.points(found.value)} "
        f"percentage points; I squared {numbers.percent(found.inconsistency)}."
    )
