"""Had everyone left in one and the same week: the share with the outcome over weeks, naive and weighted, and the week
up to which staying is claimed to pay more.

One panel for each question and reading of missing answers. The weighted curve has a mark with its limits on each week
that has a point; the naive line, in its band, is a regression on the weeks that people happened to stay, shown as a
warning. Without curves the figure says why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.figures import style
from iop_outcomes.presentation import numbers, select
from iop_outcomes.presentation.labels import Labels, sentence, thresholds_method, within
from iop_outcomes.protocol import Compared
from iop_outcomes.tables.results import WEEKS_OF_CARE
from iop_outcomes.tables.rows import estimated
from iop_outcomes.vocabulary.methods import CLONE_CENSOR_WEIGHT, NAIVE

if TYPE_CHECKING:
    import pandas as pd

QUESTION = ["analysis", "contrast", "outcome", "horizon_days", "missing_rule"]
COLUMNS = [*QUESTION, "method", "arm", "x", "estimate", "conf_low", "conf_high", "rounding_error"]
ORDER = (CLONE_CENSOR_WEIGHT, NAIVE)


def draw(tables: style.Tables, study: Compared) -> style.Figure:
    """One panel for each question."""
    import pandas as pd
    from plotnine import (
        aes,
        coord_cartesian,
        facet_wrap,
        geom_line,
        geom_linerange,
        geom_point,
        geom_ribbon,
        geom_text,
        geom_vline,
        ggplot,
        labs,
        scale_color_manual,
        scale_fill_manual,
        scale_linetype_manual,
        scale_y_continuous,
    )

    labels = Labels(study)
    shown = curves(tables.curves, labels)
    if shown.empty:
        asked = tables.estimates[tables.estimates["contrast"].isin(list(study.thresholds))]
        return style.note(select.why(asked, labels), shown, "What a further week of care adds")
    panels = list(dict.fromkeys(shown["panel"]))
    lines = [thresholds_method(name) for name in ORDER if (shown["method"] == name).any()]
    colours = {thresholds_method(CLONE_CENSOR_WEIGHT): style.COLOURS[0], thresholds_method(NAIVE): style.WARNING}
    types = {thresholds_method(CLONE_CENSOR_WEIGHT): "solid", thresholds_method(NAIVE): "dashed"}
    at = shown["contrast"].map({name: one.at for name, one in study.thresholds.items()}).astype("float64")
    data = shown.assign(
        panel=pd.Categorical(shown["panel"], panels),
        line=pd.Categorical(shown["method"].map(thresholds_method), lines),
        at=at,
        word=[f"week {week:.0f}" for week in at],
    )
    points, naive = (data[data["method"] == name] for name in ORDER)
    claimed = data.drop_duplicates("panel")[["panel", "at", "word"]]
    day = shown["horizon_days"].max()
    plot = (
        ggplot(data, aes("x", "estimate", color="line", linetype="line", fill="line"))
        + geom_vline(aes(xintercept="at"), claimed, color=style.SOFT, linetype="dotted")
        + geom_text(
            aes("at", 0.0, label="word"), claimed, inherit_aes=False, ha="left", va="bottom", size=8, color=style.SOFT,
            nudge_x=0.2,
        )
        + geom_ribbon(aes(ymin="conf_low", ymax="conf_high"), naive, alpha=0.14, color="none", show_legend=False)
        + geom_linerange(aes(ymin="conf_low", ymax="conf_high"), points, size=0.6, linetype="solid", show_legend=False)
        + geom_line(size=0.9)
        + geom_point(data=points, size=2.2, show_legend=False)
        + facet_wrap("panel", ncol=2)
        + scale_color_manual([colours[one] for one in lines])
        + scale_fill_manual([colours[one] for one in lines], guide=None)
        + scale_linetype_manual([types[one] for one in lines])
        + scale_y_continuous(labels=lambda shares: [numbers.whole_percent(s) for s in shares])
        + coord_cartesian(ylim=(0, None))
        + labs(x="Week in which everyone would have left", y=f"People with the outcome on day {day:.0f}")
        + style.look(height=1.4 + 2.7 * -(-len(panels) // 2))
    )  # fmt: skip
    return style.Figure(plot, shown, _alt(shown, labels))


def curves(table: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """The curves over weeks of leaving, with the words of their panels."""
    own = table[(table["axis"] == WEEKS_OF_CARE) & table["contrast"].isin(list(labels.study.thresholds))]
    own = own.sort_values([*QUESTION, "method", "x"], kind="stable")[COLUMNS].reset_index(drop=True)
    asked = [
        style.wrap(labels.question(row["outcome"], float(row["horizon_days"] or 0), row["missing_rule"]), 42)
        for row in estimated(own)
    ]
    return own.assign(panel=asked)


def _alt(shown: pd.DataFrame, labels: Labels) -> str:
    said = []
    for _, own in shown.groupby([*QUESTION, "method"], sort=False):
        row, last = estimated(own)[0], estimated(own)[-1]
        ends = [
            f"{numbers.percent(one['estimate'], one['rounding_error'])} at week {x:.0f}"
            for one, x in ((row, own["x"].iloc[0]), (last, own["x"].iloc[-1]))
        ]
        asked = labels.question(row["outcome"], float(row["horizon_days"] or 0), row["missing_rule"])
        said.append(f"{asked}, {within(thresholds_method(row['method']))}: {sentence(ends)}")
    return (
        "Curves of the share with the outcome by the week in which everyone would have left. " + ". ".join(said) + "."
    )
