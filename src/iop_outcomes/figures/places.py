"""Where people are, day by day: the share of each arm at each level of care, out of care, or dead, as stacked areas.

One panel for each contrast and arm, from the most intensive care at the bottom up. Shares are told on the days that are
asked about, and areas are straight between them. Where the share of a place may not be told, heights end below all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.figures import lines, style
from iop_outcomes.presentation import numbers, places, select
from iop_outcomes.presentation.labels import Labels, method, within
from iop_outcomes.protocol import Compared
from iop_outcomes.vocabulary.measures import SHARE_IN_PLACE
from iop_outcomes.vocabulary.places import NAMES, PLACES

if TYPE_CHECKING:
    import pandas as pd

WHAT = "Where people are, day by day"
PANEL = 2.7
# rows of the legend, of so many places at most
LEGEND, EACH = 0.24, 3
# a text names so many places of an arm
SAID = 3


def draw(tables: style.Tables, study: Compared) -> style.Figure:
    """One panel for each contrast and arm."""
    import pandas as pd
    from plotnine import (
        aes,
        facet_wrap,
        geom_ribbon,
        ggplot,
        guide_legend,
        guides,
        labs,
        scale_fill_manual,
        scale_x_continuous,
        scale_y_continuous,
    )

    labels = Labels(study)
    shown = stacked(places.shares(tables.estimates, labels), labels)
    if shown.empty:
        asked = tables.estimates[tables.estimates["measure"] == SHARE_IN_PLACE]
        return style.note(select.why(asked, labels), shown, WHAT)
    there = [name for name in NAMES if (shown["group"] == name).any()]
    data = shown.assign(
        panel=pd.Categorical(shown["panel"], list(dict.fromkeys(shown["panel"]))),
        place=pd.Categorical([PLACES[name].label for name in shown["group"]], [PLACES[name].label for name in there]),
    )
    panels, words = data["panel"].nunique(), -(-len(there) // EACH)
    days = (float(data["horizon_days"].min()), float(data["horizon_days"].max()))
    plot = (
        ggplot(data, aes("horizon_days", ymin="low", ymax="high", fill="place"))
        + geom_ribbon(color=style.PAPER, size=0.3)
        + facet_wrap("panel", ncol=2)
        + scale_fill_manual([PLACES[name].colour for name in there])
        + scale_x_continuous(breaks=lines.days(days), expand=(0.01, 0))
        + scale_y_continuous(labels=lambda shares: [numbers.whole_percent(s) for s in shares], expand=(0, 0))
        + labs(x="Days since time zero", y="People of the arm")
        + guides(fill=guide_legend(nrow=words))
        + style.look(height=0.9 + LEGEND * words + PANEL * -(-panels // 2))
    )
    return style.Figure(plot, shown.drop(columns=["low", "high"]), _alt(shown))


def stacked(shares: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """The shares with the words of their panels, and the lower and the upper edge of each area (low, high). Heights add
    up from the first place; of nobody, and where a share is not told, there is none.
    """
    import pandas as pd

    parts = []
    alone = len(labels.study.contrasts) == 1
    for (contrast, arm), own in shares.groupby(["contrast", "arm"], sort=False):
        names = [name for name in NAMES if (own["group"] == name).any()]
        grid = pd.MultiIndex.from_product([list(own["horizon_days"].unique()), names], names=["horizon_days", "group"])
        found = grid.to_frame(index=False).merge(own, on=["horizon_days", "group"], how="left", validate="1:1")
        height = found["estimate"].fillna(0.0)
        high = height.groupby(found["horizon_days"]).cumsum()
        title, how = labels.arm(str(contrast), str(arm)), within(method(str(own["method"].iloc[0])))
        panel = f"{title}, {how}" if alone else f"{title}, {how}\n{labels.contrast(str(contrast))}"
        parts.append(found.assign(low=high - height, high=high, panel=panel))
    if not parts:
        return shares.assign(panel="", low=0.0, high=0.0)
    return pd.concat(parts, ignore_index=True)


def _alt(shown: pd.DataFrame) -> str:
    """The places of most people on the last day, of each arm."""
    said = []
    for panel, own in shown.groupby("panel", sort=False):
        last = own[(own["horizon_days"] == own["horizon_days"].max()) & own["estimate"].notna()]
        most = last.sort_values("estimate", ascending=False, kind="stable").head(SAID)
        parts = [
            f"{within(PLACES[str(name)].label)} {numbers.percent(share, error)}"
            for name, share, error in zip(most["group"], most["estimate"], most["rounding_error"], strict=True)
        ]
        said.append(f"{' '.join(str(panel).split())}: {', '.join(parts)} on day {last['horizon_days'].max():.0f}")
    return f"Stacked areas of the share of people in each place, by arm. {'; '.join(said)}."
