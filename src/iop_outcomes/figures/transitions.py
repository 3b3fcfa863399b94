"""Transitions: how people moved from the index level of care to the next ones, and how their episodes ended.

An alluvial diagram. Columns are the index level and up to three moves, boxes are levels of care and ways of ending,
bands are people; heights are in proportion to people. Moves of a few people are withheld and not drawn, so that what
leaves a box may be less than what enters it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from iop_outcomes.figures import style
from iop_outcomes.presentation import numbers, recorded
from iop_outcomes.presentation.labels import within
from iop_outcomes.protocol import Compared
from iop_outcomes.vocabulary import causes
from iop_outcomes.vocabulary.levels import LABELS, LEVELS

if TYPE_CHECKING:
    import pandas as pd
    from plotnine import ggplot

HEIGHT = 4.6
TOP = 0.42
BOX = 0.13
MARGIN = 0.1
# of the height, between the boxes of a column; inches for the label of a box beside it
SPACE = 0.22
LABEL = 1.36
LINE = 0.15
POINTS_ON_A_CURVE = 40
# darker the more intensive the level; as planned in green, otherwise in red
OF_LEVELS = (
    "#8a94a0", "#c6dbee", "#a3c4e2", "#79a8d3", "#5a8fc4", "#3f76b0", "#2c619c", "#1b4f8a", "#123a68", "#0c2747",
)  # fmt: skip
OF_ENDS = ("#3d7a57", "#86b39a", "#d0540f", "#e29a6c", "#5b3a2e")
# from the top
COLOURS = {
    **dict(zip(reversed(LEVELS), reversed(OF_LEVELS), strict=True)),
    **dict(zip(causes.ENDS, OF_ENDS, strict=True)),
    causes.IN_CARE: "#b9c0c7",
}
ORDER = tuple(COLOURS)


@dataclass(frozen=True)
class Box:
    """A level or an ending in a column. people: the larger of those who enter and who leave it. y: top, in inches."""

    column: int
    name: str
    people: float
    y: float
    height: float


def draw(tables: style.Tables, study: Compared) -> style.Figure:
    """The alluvial diagram of a cohort."""
    found = recorded.moves(tables.counts)
    shown = found[found["people"] > 0].sort_values(["step", "origin", "to"], kind="stable")
    if shown.empty:
        return style.note("no move of enough people to show", found, "Moves between levels of care")
    boxes = place(shown)
    return style.Figure(_plot(shown, boxes), found, _alt(shown))


def place(shown: pd.DataFrame) -> list[Box]:
    """The boxes of every column, from the top in the order of levels and endings.

    shown: moves with people; a column is as high as its people, beside the spaces between its boxes.
    """
    sizes: dict[tuple[int, str], float] = {}
    for end, shift in (("origin", 1), ("to", 0)):
        summed = shown.groupby(["step", end], as_index=False)["people"].sum()
        for step, name, people in zip(summed["step"], summed[end], summed["people"], strict=True):
            place = (int(step) - shift, str(name))
            sizes[place] = max(float(people), sizes.get(place, 0.0))
    columns = sorted({c for c, _ in sizes})
    most = max(sum(n for (c, _), n in sizes.items() if c == column) for column in columns)
    room = HEIGHT - TOP - MARGIN
    scale = room * (1 - SPACE) / most
    boxes = []
    for column in columns:
        names = sorted((n for c, n in sizes if c == column), key=ORDER.index)
        gap = min(room * SPACE / max(len(names) - 1, 1), 2 * LINE)
        y = TOP
        for name in names:
            height = sizes[column, name] * scale
            # a thin box still needs a line for its label
            boxes.append(Box(column, name, sizes[column, name], y, height))
            y += max(height + gap, 2 * LINE)
    return boxes


def _plot(shown: pd.DataFrame, boxes: list[Box]) -> ggplot:
    import pandas as pd
    from plotnine import aes, geom_polygon, geom_rect, geom_text, scale_fill_identity

    last = max(b.column for b in boxes)
    distance = (style.WIDTH - 2 * MARGIN - 2 * LABEL - BOX) / last
    height = max(HEIGHT, max(b.y + max(b.height, 2 * LINE) for b in boxes) + MARGIN)
    left = {c: MARGIN + LABEL + c * distance for c in range(last + 1)}
    frame = pd.DataFrame(
        [(left[b.column], left[b.column] + BOX, height - b.y - b.height, height - b.y, COLOURS[b.name]) for b in boxes],
        columns=["x0", "x1", "y0", "y1", "fill"],
    )
    heads = pd.DataFrame({"x": list(left.values()), "y": height - 0.2, "label": HEADS[: last + 1]})
    plot = (
        style.sheet(style.WIDTH, height)
        + geom_polygon(
            aes("x", "y", group="band", fill="fill"), data=_bands(shown, boxes, left, height), alpha=0.42, color="none"
        )
        + geom_rect(aes(xmin="x0", xmax="x1", ymin="y0", ymax="y1", fill="fill"), data=frame, color="none")
        + scale_fill_identity()
        + geom_text(aes("x", "y", label="label"), data=heads, ha="left", size=9, color=style.INK, fontweight="bold")
    )
    for side, words in _words(boxes, left, height).groupby("side"):
        plot += geom_text(aes("x", "y", label="label"), data=words, ha=side, size=8, color=style.INK, lineheight=1.2)
    return plot


def _words(boxes: list[Box], left: dict[int, float], height: float) -> pd.DataFrame:
    """Labels of the boxes: to the left of the first column, else to the right of the box."""
    import pandas as pd

    rows = []
    for b in boxes:
        first = b.column == 0
        x = left[b.column] - 0.05 if first else left[b.column] + BOX + 0.05
        label = f"{recorded.NODES[b.name]}\n{numbers.count(b.people)}"
        rows.append((x, height - b.y - max(b.height / 2, LINE * 0.8), label, "right" if first else "left"))
    return pd.DataFrame(rows, columns=["x", "y", "label", "side"])


HEADS = ("Index level", "First move", "Second move", "Third move")


def _bands(shown: pd.DataFrame, boxes: list[Box], left: dict[int, float], height: float) -> pd.DataFrame:
    """Corners of the bands: column band (number), x, y, fill (colour of where it comes from)."""
    import numpy as np
    import pandas as pd

    scale = boxes[0].height / boxes[0].people
    out = {(b.column, b.name): b.y for b in boxes}
    into = dict(out)
    rank = {n: i for i, n in enumerate(ORDER)}
    ordered = shown.assign(a=shown["origin"].map(rank), b=shown["to"].map(rank)).sort_values(["step", "a", "b"])
    t = np.linspace(0, 1, POINTS_ON_A_CURVE)
    ease = t * t * (3 - 2 * t)
    parts = []
    for number, row in enumerate(ordered.to_dict("records")):
        begin, end, thick = (row["step"] - 1, row["origin"]), (row["step"], row["to"]), row["people"] * scale
        y0, y1 = out[begin], into[end]
        out[begin], into[end] = y0 + thick, y1 + thick
        x = left[begin[0]] + BOX + t * (left[end[0]] - left[begin[0]] - BOX)
        upper = height - (y0 + (y1 - y0) * ease)
        corners = {"x": np.concatenate([x, x[::-1]]), "y": np.concatenate([upper, (upper - thick)[::-1]])}
        parts.append(pd.DataFrame({**corners, "band": number, "fill": COLOURS[str(row["origin"])]}))
    return pd.concat(parts, ignore_index=True)


def _alt(shown: pd.DataFrame) -> str:
    said = []
    for origin, own in shown[shown["step"] == 1].groupby("origin", sort=False):
        parts = [
            f"{numbers.count(r.people)} {within(recorded.NODES[str(r.to)])}"
            for r in own.sort_values("people", ascending=False).itertuples()
        ]
        said.append(f"from {within(LABELS[str(origin)])}: {', '.join(parts)}")
    begin = "Bands of people from the index level of care to the next one or to the end of care."
    return f"{begin} First move {'; '.join(said)}."
