"""Intensity: abstinence by attended hours of care a week, by arm, by each method under each reading of missing answers.

One line for each arm in its band, drawn only over the hours that its people attended; one panel for each method and
reading, the naive one first.
Without curves the figure says why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.figures import style
from iop_outcomes.presentation import numbers, select
from iop_outcomes.presentation.labels import Labels, hours_method, missing_rule, within
from iop_outcomes.protocol import Compared
from iop_outcomes.vocabulary.methods import OF_HOURS

if TYPE_CHECKING:
    import pandas as pd


def draw(tables: style.Tables, study: Compared) -> style.Figure:
    """One panel for each contrast, endpoint, reading of missing answers and method."""
    import pandas as pd
    from plotnine import (
        aes,
        coord_cartesian,
        expand_limits,
        facet_wrap,
        geom_line,
        geom_ribbon,
        ggplot,
        labs,
        scale_color_manual,
        scale_fill_manual,
        scale_linetype_manual,
        scale_y_continuous,
    )

    labels = Labels(study)
    shown = _shown(tables.curves, labels)
    if shown.empty:
        asked = tables.estimates[tables.estimates["contrast"].isin(list(study.intensities))]
        return style.note(select.why(asked, labels), shown, "Abstinence by hours of care a week")
    panels = list(dict.fromkeys(shown["panel"]))
    arms = list(dict.fromkeys(shown.sort_values("side", kind="stable")["arm_label"]))
    sides = [int(shown.loc[shown["arm_label"] == arm, "side"].iloc[0]) for arm in arms]
    colours, types = ([values[s] for s in sides] for values in (style.COLOURS, style.LINES))
    data = shown.assign(
        panel=pd.Categorical(shown["panel"], panels), arm_label=pd.Categorical(shown["arm_label"], arms)
    )
    day = shown["horizon_days"].max()
    plot = (
        ggplot(data, aes("x", "estimate", color="arm_label", linetype="arm_label", fill="arm_label"))
        + geom_ribbon(aes(ymin="conf_low", ymax="conf_high"), alpha=0.16, color="none", show_legend=False)
        + geom_line(size=1.1)
        + facet_wrap("panel", ncol=2)
        + scale_color_manual(colours)
        + scale_fill_manual(colours, guide=None)
        + scale_linetype_manual(types)
        + scale_y_continuous(labels=lambda shares: [numbers.whole_percent(s) for s in shares])
        + expand_limits(x=0, y=0)
        + coord_cartesian(ylim=(0, None))
        + labs(x="Mean attended hours a week", y=f"People abstinent on day {day:.0f}")
        + style.look(height=1.2 + 2.5 * -(-len(panels) // 2))
    )
    return style.Figure(plot, shown, _alt(shown))


def _shown(curves: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """The curves over hours a week, with the words of their panels and arms."""
    own = curves[curves["axis"] == "hours_per_week"]
    own = own.assign(place=own["method"].map({name: at for at, name in enumerate(OF_HOURS)})).sort_values(
        ["contrast", "outcome", "horizon_days", "missing_rule", "place", "arm", "x"], kind="stable"
    )
    keys = list(zip(own["contrast"], own["arm"], strict=True))
    panels = [
        f"{': '.join(p for p in (labels.endpoint(o), within(missing_rule(r))) if p)}. {hours_method(m)}"
        for o, r, m in zip(own["outcome"], own["missing_rule"], own["method"], strict=True)
    ]
    return own.assign(
        panel=[style.wrap(p, 42) for p in panels],
        side=[labels.sides(c).index(a) for c, a in keys],
        arm_label=[labels.arm(c, a) for c, a in keys],
    )[
        [
            "contrast",
            "outcome",
            "horizon_days",
            "missing_rule",
            "method",
            "panel",
            "arm",
            "arm_label",
            "side",
            "x",
            "estimate",
            "conf_low",
            "conf_high",
            "rounding_error",
        ]
    ].reset_index(drop=True)


def _alt(shown: pd.DataFrame) -> str:
    said = []
    for (panel, arm), own in shown.groupby(["panel", "arm_label"], sort=False):
        ends = own.iloc[[0, -1]]
        (x0, x1), (y0, y1) = ends["x"], map(numbers.percent, ends["estimate"], ends["rounding_error"])
        said.append(
            f"{' '.join(str(panel).split())}, {arm}: {y0} at {numbers.days(x0)} hours a week, "
            f"{y1} at {numbers.days(x1)}"
        )
    return "Curves of the share abstinent by mean attended hours a week, by arm. " + "; ".join(said) + "."
