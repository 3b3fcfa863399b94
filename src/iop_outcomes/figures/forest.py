"""Forest plots: one row for each estimate with its interval, its numbers in words beside it, under headings.

Rows without an estimate keep their place and say in a few words that there is none. The scale is linear with its line
at 0, or logarithmic with its line at 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iop_outcomes.figures import style
from iop_outcomes.presentation import numbers

if TYPE_CHECKING:
    import pandas as pd
    from plotnine import ggplot

HEADING_SIZE = 9.5
TEXT_SIZE = 8.6
INDENT = "   "


@dataclass(frozen=True)
class Row:
    """One line of a forest plot; a heading has a label only. color, shape: of the mark. truth: known value, if any."""

    label: str
    estimate: float = math.nan
    low: float = math.nan
    high: float = math.nan
    text: str = ""
    color: str = style.COLOURS[0]
    shape: str = "o"
    truth: float = math.nan
    heading: bool = False

    @property
    def shown(self) -> bool:
        """There is an estimate with an interval."""
        return all(map(numbers.known, (self.estimate, self.low, self.high)))


@dataclass(frozen=True)
class Axis:
    """The scale. text_title: what stands over the numbers beside the rows."""

    title: str
    text_title: str
    logarithmic: bool = False
    percent: bool = False
    text_share: float = 0.5
    label_share: float = 0.62

    @property
    def neutral(self) -> float:
        """Where there is no difference."""
        return 1.0 if self.logarithmic else 0.0

    def at(self, value: float) -> float:
        """A value's place."""
        return math.log(value) if self.logarithmic else value

    def limits(self, rows: Sequence[Row]) -> tuple[float, float]:
        """Places of the ends, with everything that is shown and the neutral line inside."""
        values = [v for r in rows if r.shown for v in (r.low, r.high, r.truth) if numbers.known(v)]
        places = [self.at(v) for v in [*values, self.neutral]]
        span = (max(places) - min(places)) or (0.7 if self.logarithmic else 0.1)
        return min(places) - 0.06 * span, max(places) + 0.06 * span

    def breaks(self, low: float, high: float) -> list[tuple[float, str]]:
        """Places of marks on the axis and what they say."""
        if self.logarithmic:
            steps = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
            return [(self.at(v), numbers.plain(v)) for v in steps if low <= self.at(v) <= high]
        unit = next(u for u in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if (high - low) / u <= 7 or u == 0.5)
        ticks = [unit * i for i in range(math.ceil(low / unit), math.floor(high / unit) + 1)]
        return [(v, _whole_points(v) if self.percent else numbers.plain(round(v, 6))) for v in ticks]


def _whole_points(value: float) -> str:
    whole = round(100 * value)
    return f"+{whole}" if whole > 0 else f"{whole}".replace("-", numbers.MINUS)


def plot(rows: Sequence[Row], axis: Axis, truth_label: str = "") -> ggplot:
    """The plot; labels left, marks in the middle, numbers right. Height follows from the rows."""
    import pandas as pd
    from plotnine import (
        aes,
        coord_cartesian,
        element_blank,
        element_line,
        geom_point,
        geom_segment,
        geom_text,
        ggplot,
        labs,
        scale_x_continuous,
        scale_y_continuous,
        theme,
    )

    low, high = axis.limits(rows)
    width = high - low
    left, right = low - axis.label_share * width, high + axis.text_share * width
    heights = [-(i + 0.5) for i in range(len(rows))]
    bottom, top = -len(rows) - 0.2, 1.0
    frame = pd.DataFrame(
        [(y, r.label, r.estimate, r.low, r.high, r.text, r.color, r.shape, r.truth, r.heading, r.shown)
         for y, r in zip(heights, rows, strict=True)],
        columns=["y", "label", "estimate", "low", "high", "text", "color", "shape", "truth", "heading", "shown"],
    )  # fmt: skip
    marked = frame[frame["shown"]]
    marked = marked.assign(**{c: marked[c].map(axis.at) for c in ("estimate", "low", "high")})
    known = frame[frame["truth"].map(numbers.known) & frame["shown"]].assign(truth=lambda d: d["truth"].map(axis.at))
    ticks = axis.breaks(low, high)
    grid = pd.DataFrame({"x": [x for x, _ in ticks], "y0": bottom, "y1": 0.25})
    neutral = pd.DataFrame({"x": [axis.at(axis.neutral)], "y0": [bottom], "y1": [0.25]})
    title = pd.DataFrame({"x": [high + 0.03 * width], "y": [0.65], "label": [axis.text_title]})
    out = (
        ggplot()
        + geom_segment(aes("x", "y0", xend="x", yend="y1"), data=grid, color=style.GRID, size=0.5)
        + geom_segment(aes("x", "y0", xend="x", yend="y1"), data=neutral, color=style.INK, size=0.6)
        + geom_text(aes("x", "y", label="label"), data=title, ha="left", size=TEXT_SIZE, color=style.SOFT)
        + scale_x_continuous(breaks=[x for x, _ in ticks], labels=[words for _, words in ticks], expand=(0, 0))
        + scale_y_continuous(expand=(0, 0))
        + coord_cartesian(xlim=(left, right), ylim=(bottom, top))
        + labs(x=axis.title, y="")
        + style.look(height=0.75 + 0.3 * bool(len(known)) + 0.27 * (top - bottom))
        + theme(
            axis_text_y=element_blank(),
            panel_grid=element_blank(),
            axis_ticks_major_x=element_line(color=style.SOFT),
            legend_position="top",
        )
    )
    out = _with_words(out, frame, left, high + 0.03 * width)
    out += geom_segment(aes("low", "y", xend="high", yend="y"), data=marked, color=list(marked["color"]), size=0.9)
    for shape, own in marked.groupby("shape", sort=True):
        out += geom_point(
            aes("estimate", "y"), data=own, shape=shape, size=3.2, color=list(own["color"]), fill=_fills(own)
        )
    return _with_truth(out, known, truth_label) if len(known) else out


def _fills(marked: pd.DataFrame) -> list[str]:
    return [
        style.PAPER if shape == "s" else color for shape, color in zip(marked["shape"], marked["color"], strict=True)
    ]


def _with_words(out: ggplot, frame: pd.DataFrame, left: float, right: float) -> ggplot:
    """Headings and labels on the left, numbers on the right; headings cover the lines behind them."""
    from plotnine import aes, geom_label, geom_text

    heading, shown = frame["heading"], frame["shown"]
    headings = frame[heading].assign(x=left)
    if len(headings):
        out += geom_label(
            aes("x", "y", label="label"), data=headings, ha="left", va="center", size=HEADING_SIZE, color=style.INK,
            fontweight="bold", fill=style.PAPER, label_size=0, label_padding=0.12,
        )  # fmt: skip
    on_left = frame.assign(x=left, words=INDENT + frame["label"])
    on_right = frame.assign(x=right, words=frame["text"])
    texts = (
        (on_left[~heading], style.INK),
        (on_right[shown], style.INK),
        (on_right[~heading & ~shown], style.SOFT),
    )
    for data, color in texts:
        if len(data):
            out += geom_text(
                aes("x", "y", label="words"),
                data=data[["x", "y", "words"]],
                ha="left",
                va="center",
                size=TEXT_SIZE,
                color=color,
            )
    return out


def _with_truth(out: ggplot, known: pd.DataFrame, label: str) -> ggplot:
    from plotnine import aes, geom_point, scale_shape_manual

    data = known.assign(what=label)
    out += geom_point(aes("truth", "y", shape="what"), data=data, size=5.5, stroke=1.1, color=style.INK)
    return out + scale_shape_manual(["|"])
