"""Time to an event that is known to lie between two days: the share still free of it, by arm.

One panel for each contrast, outcome and method. Turnbull's curve, which no model stands behind, is a band from its
least to its greatest height, with a line on the greatest; the model of the ratio of times is a thin line; where the day
by which the event is known is taken for its own, the line is dotted. Heights are told to steps of as many people as may
be shown. Without curves of both arms the figure says why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.figures import lines, style
from iop_outcomes.presentation import numbers, select
from iop_outcomes.presentation.labels import Labels, method, within
from iop_outcomes.protocol import Compared
from iop_outcomes.vocabulary.dated import BECAME_KNOWN, DATED, EARLIEST, LATEST, MODELLED
from iop_outcomes.vocabulary.measures import TIME_RATIO

if TYPE_CHECKING:
    import pandas as pd

WHAT = "Time to an event between two days"
# lines by reading of the day: what the legend says, how they are drawn
DRAWN = {
    LATEST.axis: ("Without a model", "solid", 1.0),
    MODELLED.axis: ("Weibull model", "dashed", 0.7),
    BECAME_KNOWN.axis: ("Dated when it became known", "dotted", 0.7),
}
KEY = ["contrast", "outcome", "method", "arm"]
PANEL = 2.6


def draw(tables: style.Tables, study: Compared) -> style.Figure:
    """One panel for each contrast, outcome and method."""
    import pandas as pd
    from plotnine import (
        aes,
        coord_cartesian,
        facet_wrap,
        geom_line,
        geom_ribbon,
        ggplot,
        guide_legend,
        guides,
        labs,
        scale_color_manual,
        scale_fill_manual,
        scale_linetype_manual,
        scale_size_manual,
        scale_x_continuous,
        scale_y_continuous,
        theme,
    )

    labels = Labels(study)
    shown = _shown(tables.curves, labels)
    if shown.empty:
        asked = tables.estimates[tables.estimates["measure"] == TIME_RATIO]
        return style.note(select.why(asked, labels), shown, WHAT)
    arms = list(dict.fromkeys(shown.sort_values("side", kind="stable")["arm_label"]))
    sides = [int(shown.loc[shown["arm_label"] == arm, "side"].iloc[0]) for arm in arms]
    there = [axis for axis in DRAWN if (shown["axis"] == axis).any()]
    data = shown.assign(
        panel=pd.Categorical(shown["panel"], list(dict.fromkeys(shown["panel"]))),
        arm_label=pd.Categorical(shown["arm_label"], arms),
        line=pd.Categorical([DRAWN[a][0] if a in DRAWN else "" for a in shown["axis"]], [DRAWN[a][0] for a in there]),
    )
    panels = data["panel"].nunique()
    colours = [style.COLOURS[side] for side in sides]
    longest = float(data["x"].max())
    plot = (
        ggplot(data, aes("x", color="arm_label"))
        + geom_ribbon(
            aes(ymin="estimate", ymax="most", fill="arm_label"), data[data["axis"] == EARLIEST.axis], alpha=0.2,
            color="none", show_legend=False,
        )
        + geom_line(aes(y="estimate", linetype="line", size="line"), data[data["axis"] != EARLIEST.axis])
        + facet_wrap("panel", ncol=min(panels, 2))
        + scale_color_manual(colours)
        + scale_fill_manual(colours, guide=None)
        + scale_linetype_manual([DRAWN[a][1] for a in there])
        + scale_size_manual([DRAWN[a][2] for a in there], guide=None)
        + scale_x_continuous(breaks=lines.days((0.0, longest)), expand=(0.01, 0))
        + scale_y_continuous(labels=lambda shares: [numbers.whole_percent(s) for s in shares])
        + coord_cartesian(ylim=(0, 1))
        + labs(x="Days since time zero", y="Still free of it")
        + guides(color=guide_legend(nrow=1, order=1), linetype=guide_legend(nrow=1, order=2))
        + style.look(height=1.7 + PANEL * ((panels + 1) // 2))
        + theme(legend_box="vertical", legend_box_just="left")
    )  # fmt: skip
    return style.Figure(plot, shown, _alt(shown))


def _shown(curves: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """Points of contrasts with both arms from day 0 on, with the words of their panels; most: beside the least height
    on a day, the greatest.
    """
    import pandas as pd

    own = curves[curves["axis"].isin(list(DATED)) & curves["contrast"].isin(list(labels.study.contrasts))]
    columns = [*KEY, "arm_label", "side", "panel", "axis", "x", "estimate", "most", "rounding_error"]
    begin = pd.DataFrame({"x": [0.0], "estimate": [1.0], "rounding_error": [0.0]})
    parts = []
    for (contrast, outcome, how), of in own.groupby(KEY[:3], sort=False):
        sides = labels.sides(str(contrast))
        if set(of["arm"]) < set(sides):
            continue
        for (arm, axis), line in of.groupby(["arm", "axis"], sort=True):
            points = line.drop_duplicates("x").sort_values("x")[["x", "estimate", "rounding_error"]]
            one = pd.concat([begin, points], ignore_index=True)
            one[[*KEY, "axis"]] = [str(word) for word in (contrast, outcome, how, arm, axis)]
            one["side"], one["arm_label"] = sides.index(str(arm)), labels.arm(str(contrast), str(arm))
            parts.append(one.assign(panel=_panel(labels, str(contrast), str(outcome), str(how))))
    if not parts:
        return pd.DataFrame(columns=columns)
    found = pd.concat(parts, ignore_index=True)
    most = found.loc[found["axis"] == LATEST.axis, [*KEY, "x", "estimate"]].rename(columns={"estimate": "most"})
    return found.merge(most, on=[*KEY, "x"], how="left")[columns]


def _panel(labels: Labels, contrast: str, outcome: str, how: str) -> str:
    """The outcome and the method; the contrast as well where there are several."""
    alone = len(labels.study.contrasts) == 1
    title = f"{labels.endpoint(outcome)}: {within(method(how))}"
    return style.wrap(title if alone else f"{title}. {labels.contrast(contrast)}", 60)


def _alt(shown: pd.DataFrame) -> str:
    said = []
    for (panel, arm), own in shown.groupby(["panel", "arm_label"], sort=False):
        last = own[own["x"] == own["x"].max()].set_index("axis")
        each = {a: numbers.percent(last.at[a, "estimate"], last.at[a, "rounding_error"]) for a in DATED}
        agree = last.at[EARLIEST.axis, "estimate"] == last.at[LATEST.axis, "estimate"]
        heights = each[LATEST.axis] if agree else f"{each[EARLIEST.axis]} to {each[LATEST.axis]}"
        said.append(
            f"{' '.join(str(panel).split())}, {arm}: {heights} on day {own['x'].max():.0f}, "
            f"{each[MODELLED.axis]} by the model"
        )
    return f"Curves of the share still free of the event by arm. {'; '.join(said)}."
