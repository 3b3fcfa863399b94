"""Specification curves: the difference under every combination of choices, in order, and beneath each its choices.

A mark for each combination with a number, from the smallest difference to the largest, with its interval: dark where
the interval lies on one side of no difference, pale where it holds both. Beneath, a row for each choice of what the
combinations differ in, with a tick under every combination that made it: where ticks of a row gather at one end, that
choice moves the answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from iop_outcomes.figures import style
from iop_outcomes.presentation import numbers, select, specifications
from iop_outcomes.presentation.labels import Labels
from iop_outcomes.presentation.sides import OPEN
from iop_outcomes.presentation.specifications import Curve, Specified
from iop_outcomes.protocol import Compared
from iop_outcomes.vocabulary.measures import RISK

if TYPE_CHECKING:
    from plotnine import ggplot

WHAT = "The specification curves"
PALE = "#b9c4cf"
# inches: labels of choices, a curve, a row of choices, what choices are of, above a curve, between two
LEFT, HEIGHT, ROW, OF, HEAD, APART = 2.45, 1.8, 0.17, 0.26, 0.5, 0.25
STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
SIZE = 8.0


def draw(tables: style.Tables, study: Compared) -> style.Figure:
    """One curve above the other."""
    import pandas as pd

    labels = Labels(study)
    estimates = tables.everything if tables.everything is not None else tables.estimates
    curves = [curve for curve in specifications.curves(estimates, labels) if curve.found]
    shown = pd.DataFrame([_data(c, one, at) for c in curves for at, one in enumerate(c.found, 1)])
    if not curves:
        asked = [outcome for curve in study.specifications.values() for outcome in curve.outcomes]
        return style.note(select.why(select.of_arms(estimates, RISK, asked), labels), shown, WHAT)
    return style.Figure(_plot(curves, labels), shown, " ".join(_said(curve, labels) for curve in curves))


def _data(curve: Curve, one: Specified, at: int) -> dict[str, object]:
    kept = ("contrast", "outcome", "horizon_days", "method", "missing_rule", "estimate", "conf_low", "conf_high",
            "rounding_error")  # fmt: skip
    row = {name: one.row[name] for name in kept}  # type: ignore[literal-required]
    return {"panel": curve.name, "position": at, **row, "part": one.side}


def _plot(curves: list[Curve], labels: Labels) -> ggplot:
    import pandas as pd
    from plotnine import aes, geom_segment, geom_text

    marks: list[tuple[float, float, float, float, str, float]] = []
    words: list[tuple[float, float, str, str, str]] = []
    choices = [specifications.varied(curve).values() for curve in curves]
    heights = [HEAD + HEIGHT + APART + sum(OF + ROW * len(own) for own in kinds) for kinds in choices]
    total = sum(heights)
    top = total
    for curve, height in zip(curves, heights, strict=True):
        marks += _curve(curve, top - HEAD)
        words += _words(curve, top, labels)
        top -= height
    lines = pd.DataFrame(marks, columns=["x", "y", "xend", "yend", "color", "size"])
    out = style.sheet(style.WIDTH, total)
    for (color, size), own in lines.groupby(["color", "size"], sort=False):
        out += geom_segment(aes("x", "y", xend="xend", yend="yend"), data=own, color=color, size=size)
    texts = pd.DataFrame(words, columns=["x", "y", "text", "ha", "color"])
    for (ha, color), own in texts.groupby(["ha", "color"], sort=False):
        out += geom_text(aes("x", "y", label="text"), data=own, ha=ha, va="center", size=SIZE, color=color)
    return out


class _Scale:
    """Where a difference lies, in inches, beneath the top of a curve; where a combination does."""

    def __init__(self, curve: Curve, top: float) -> None:
        ends = [one.row[name] for one in curve.found for name in ("conf_low", "conf_high")]
        low, high = min(0.0, *ends), max(0.0, *ends)
        self.step = next((s for s in STEPS if (high - low) / s <= 5), STEPS[-1])
        self.low, self.high, self.top = low, high, top
        self.across = (style.WIDTH - 0.1 - LEFT) / len(curve.found)

    def y(self, difference: float) -> float:
        return self.top - HEIGHT * (self.high - difference) / (self.high - self.low)

    def x(self, at: int) -> float:
        return LEFT + (at + 0.5) * self.across

    def ticks(self) -> list[float]:
        first, last = -int(-self.low / self.step + 1e-9), int(self.high / self.step + 1e-9)
        return [k * self.step for k in range(first, last + 1)]


def _curve(curve: Curve, top: float) -> Iterator[tuple[float, float, float, float, str, float]]:
    """The lines of a curve and of its choices: from, to, colour, width."""
    scale = _Scale(curve, top)
    for value in scale.ticks():
        color = style.INK if value == 0 else style.GRID
        yield LEFT, scale.y(value), style.WIDTH - 0.1, scale.y(value), color, 0.5
    wide = min(0.03, scale.across / 3)
    for at, one in enumerate(curve.found):
        x, row = scale.x(at), one.row
        yield x, scale.y(row["conf_low"]), x, scale.y(row["conf_high"]), PALE, 0.7
        color = style.SOFT if one.side == OPEN else style.COLOURS[0]
        yield x - wide, scale.y(row["estimate"]), x + wide, scale.y(row["estimate"]), color, 1.6
    for kind, choice, y in _rows(curve, top):
        for at, one in enumerate(curve.found):
            if one.choices[kind] == choice:
                color = style.SOFT if one.side == OPEN else style.COLOURS[0]
                yield scale.x(at), y - ROW * 0.32, scale.x(at), y + ROW * 0.32, color, 0.8


def _rows(curve: Curve, top: float) -> Iterator[tuple[str, str, float]]:
    """The rows of choices beneath a curve: of what, which, and their height on the sheet."""
    y = top - HEIGHT
    for kind, choices in specifications.varied(curve).items():
        y -= OF
        for choice in choices:
            y -= ROW
            yield kind, choice, y


def _words(curve: Curve, top: float, labels: Labels) -> Iterator[tuple[float, float, str, str, str]]:
    """The words of a curve: where, what, to which side, in which colour."""
    scale, last = _Scale(curve, top - HEAD), ""
    grey = "; grey: the interval leaves the direction open" if curve.share(OPEN) else ""
    title = f"{curve.title}: difference in percentage points, {labels.numbered(curve.contrast)}{grey}"
    for at, line in enumerate(style.wrap(title, 105).split("\n")):
        yield 0.05, top - 0.14 - 0.16 * at, line, "left", style.INK
    for value in scale.ticks():
        yield LEFT - 0.06, scale.y(value), numbers.points(value, 0.005), "right", style.INK
    for kind, choice, y in _rows(curve, top - HEAD):
        yield LEFT - 0.06, y, choice, "right", style.INK
        if kind != last:
            yield LEFT - 0.06, y + ROW, f"{kind}:", "right", style.SOFT
        last = kind


def _said(curve: Curve, labels: Labels) -> str:
    """What is to be seen of a curve."""
    low, high = curve.found[0].row, curve.found[-1].row
    return (
        f"{curve.title}, {labels.numbered(curve.contrast)}: {numbers.count(len(curve.found))} combinations of choices "
        f"with a number, from {numbers.points(low['estimate'], low['rounding_error'])} to "
        f"{numbers.points(high['estimate'], high['rounding_error'])} percentage points; "
        f"{numbers.percent(curve.below())} of the differences lie below zero, {numbers.percent(curve.share(OPEN))} of "
        "the intervals hold both directions."
    )
