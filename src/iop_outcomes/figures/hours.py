"""Hours of care a week, scheduled beside delivered, by level of care: people by band, as shares of each bar.

Two bars for each level of care, darker for more hours; hours that are not known come last, in grey. Shares are of the
people whose cells are shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.figures import style
from iop_outcomes.presentation import numbers, recorded
from iop_outcomes.presentation.labels import within
from iop_outcomes.protocol import Compared
from iop_outcomes.tables.bands import HOURS
from iop_outcomes.tables.results import DELIVERED, SCHEDULED
from iop_outcomes.vocabulary.levels import LABELS, NOT_KNOWN

if TYPE_CHECKING:
    import pandas as pd

KINDS = {SCHEDULED: "Scheduled", DELIVERED: "Delivered"}
SHADES = ("#dbe6f1", "#a9c3dd", "#6f98c4", "#3c6ba3", "#123a68")
UNKNOWN = "#c9ced3"
# a narrower part of a bar has no room for its percentage
LEAST_LABELLED = 0.06


def draw(tables: style.Tables, study: Compared) -> style.Figure:
    """The bars of a cohort."""
    import pandas as pd
    from plotnine import (
        aes,
        geom_rect,
        geom_text,
        ggplot,
        guide_legend,
        guides,
        labs,
        scale_color_identity,
        scale_fill_manual,
        scale_x_continuous,
        scale_y_continuous,
        theme,
    )

    found = recorded.scheduled_and_delivered(tables.counts)
    shown = found[found["people"] > 0]
    if shown.empty:
        return style.note("hours a week are not known", found, "Hours of care a week")
    bands = [b for b in (*HOURS, NOT_KNOWN) if (shown["level"] == b).any()]
    levels = list(dict.fromkeys(shown["care"]))
    top = {level: 3.0 * (len(levels) - i) for i, level in enumerate(levels)}
    bars = [(top[level] - below, words) for level in levels for below, words in ((1, "Scheduled"), (2, "Delivered"))]
    data = _bars(shown, top).assign(
        band=pd.Categorical([_band(b) for b in shown["level"]], [_band(b) for b in bands]),
        ink=[style.PAPER if b in HOURS[3:] else style.INK for b in shown["level"]],
    )
    heads = pd.DataFrame({"x": 0.0, "y": list(top.values()), "label": [LABELS[a] for a in levels]})
    colours = dict(zip((*HOURS, NOT_KNOWN), (*SHADES, UNKNOWN), strict=True))
    plot = (
        ggplot(data)
        + geom_rect(aes(xmin="left", xmax="right", ymin="low", ymax="high", fill="band"), color=style.PAPER, size=0.5)
        + geom_text(
            aes("middle", "y", label="percent", color="ink"),
            data=data[data["share"] >= LEAST_LABELLED], size=8, show_legend=False,
        )
        + geom_text(aes("x", "y", label="label"), data=heads, ha="left", size=9.5, color=style.INK)
        + scale_fill_manual([colours[b] for b in bands])
        + scale_color_identity()
        + scale_x_continuous(labels=lambda shares: [numbers.whole_percent(s) for s in shares], expand=(0, 0.01))
        + scale_y_continuous(breaks=[y for y, _ in bars], labels=[w for _, w in bars], expand=(0, 0.3))
        + labs(x="People, by hours a week", y="")
        + guides(fill=guide_legend(nrow=1))
        + style.look(height=0.9 + 0.72 * len(levels))
        + theme(legend_key_width=12)
    )  # fmt: skip
    return style.Figure(plot, found, _alt(shown))


def _bars(shown: pd.DataFrame, top: dict[str, float]) -> pd.DataFrame:
    """Where the parts of each bar begin and end; top: height of each level's heading."""
    ends = shown.groupby(["care", "kind"])["share"].cumsum()
    y = shown["care"].map(top) - shown["kind"].map({SCHEDULED: 1.0, DELIVERED: 2.0})
    return shown.assign(
        left=ends - shown["share"],
        right=ends,
        middle=ends - shown["share"] / 2,
        y=y,
        low=y - 0.42,
        high=y + 0.42,
        percent=[f"{round(100 * s)}" for s in shown["share"]],
    )


def _band(name: str) -> str:
    return recorded.BANDS.get(name, name)


def _alt(shown: pd.DataFrame) -> str:
    said = []
    for care, of_level in shown.groupby("care", sort=False):
        parts = []
        for kind, words in KINDS.items():
            own = of_level[of_level["kind"] == kind]
            if len(own):
                most = str(own.loc[own["share"].idxmax(), "level"])
                share = recorded.share_of(own, own["level"] == most)
                parts.append(f"{within(words)} mostly {_band(most)} ({share})")
        said.append(f"{LABELS[str(care)]}: {', '.join(parts)}")
    return f"Bars of people by hours of care a week, for each level of care. {'; '.join(said)}."
