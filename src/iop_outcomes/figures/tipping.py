"""The tipping-point plane: the difference by how far missing answers of each arm lie from those with the same record.

Across: delta of the second arm; upwards: that of the first, both in log odds. A tile holds the difference in percentage
points; it is dark where the interval lies on one side of no difference, and paper where it holds both. Where the tile
in the middle and its neighbours are of one kind, the answer does not hang on answers that are missing at random.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.figures import style
from iop_outcomes.presentation import numbers, select
from iop_outcomes.presentation.labels import Labels, method, within
from iop_outcomes.presentation.sides import ABOVE, BELOW, OPEN, side
from iop_outcomes.protocol import Compared
from iop_outcomes.tables.rows import Estimated, estimated

if TYPE_CHECKING:
    import pandas as pd
    from plotnine import ggplot

GROUP = ["contrast", "outcome", "horizon_days", "method"]
WHAT = "The tipping points"
COLUMNS = [*GROUP, "delta_first", "delta_second", "estimate", "conf_low", "conf_high", "rounding_error", "status"]
FILLS = {ABOVE: "#9dbbe0", BELOW: "#f2b48c", OPEN: style.PAPER}


def draw(tables: style.Tables, study: Compared) -> style.Figure:
    """One plane for each question that was asked with a delta in each arm."""
    labels = Labels(study)
    asked = tables.tipping if tables.tipping is not None else tables.estimates.iloc[:0]
    asked = asked[asked["contrast"].isin(list(study.contrasts))]
    shown = asked[asked["estimate"].notna()][COLUMNS].reset_index(drop=True)
    if shown.empty:
        return style.note(select.why(asked, labels), shown, WHAT)
    return style.Figure(_plot(shown, labels), shown, _alt(shown, labels))


def _plot(shown: pd.DataFrame, labels: Labels) -> ggplot:
    import pandas as pd
    from plotnine import (
        aes,
        facet_wrap,
        geom_text,
        geom_tile,
        ggplot,
        labs,
        scale_fill_manual,
        scale_x_discrete,
        scale_y_discrete,
    )

    rows = [
        {
            "panel": _title(row, labels), "x": numbers.plain(row["delta_second"]),
            "y": numbers.plain(row["delta_first"]), "side": side(row),
            "text": numbers.points(row["estimate"], row["rounding_error"]),
        }
        for row in estimated(shown)
    ]  # fmt: skip
    marks = pd.DataFrame(rows)
    x, y = ([numbers.plain(v) for v in sorted(shown[c].unique())] for c in (COLUMNS[5], COLUMNS[4]))
    sides = [s for s in FILLS if s in set(marks["side"])]
    marks["side"] = pd.Categorical(marks["side"], sides)
    panels = marks["panel"].nunique()
    return (
        ggplot(marks, aes("x", "y"))
        + geom_tile(aes(fill="side"), color=style.GRID)
        + geom_text(aes(label="text"), size=8.5, color=style.INK)
        + facet_wrap("panel", ncol=1)
        + scale_fill_manual([FILLS[s] for s in sides])
        + scale_x_discrete(limits=x)
        + scale_y_discrete(limits=y)
        + labs(
            x="Delta of missing answers, second arm (log odds of the outcome)",
            y="Delta of missing answers, first arm",
        )
        + style.look(height=1.2 + panels * (0.5 + 0.36 * len(y)))
    )


def _title(row: Estimated, labels: Labels) -> str:
    name = f"{labels.numbered(row['contrast'])}. {labels.endpoint(row['outcome'])}, day {row['horizon_days']:.0f}"
    return style.wrap(f"{name}, {within(method(row['method']))}: difference in percentage points", 80)


def _alt(shown: pd.DataFrame, labels: Labels) -> str:
    said = []
    for _, own in shown.groupby(GROUP, sort=False):
        rows = estimated(own)
        low, high = min(rows, key=lambda r: r["estimate"]), max(rows, key=lambda r: r["estimate"])
        open_ = sum(side(r) == OPEN for r in rows)
        several = {0: "no interval holds", len(rows): "every interval holds"}.get(open_, "some of the intervals hold")
        said.append(
            f"{_title(rows[0], labels)}, from {_told(low)} with delta {low['delta_first']:g} in the first arm and "
            f"{low['delta_second']:g} in the second to {_told(high)} with {high['delta_first']:g} and "
            f"{high['delta_second']:g}; {several} both directions"
        )
    return f"Differences by how far missing answers of each arm lie from those with the same record. {'; '.join(said)}."


def _told(row: Estimated) -> str:
    return numbers.points(row["estimate"], row["rounding_error"])
