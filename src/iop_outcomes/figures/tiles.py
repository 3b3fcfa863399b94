"""Grids of tiles with a number in each, darker for more: the sheet that several figures share.

A grid has blocks below each other, each with rows of tiles; a block with columns of its own gets their names above it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from iop_outcomes.figures import style

if TYPE_CHECKING:
    from plotnine import ggplot

# inches
ROW, GAP, EDGE = 0.205, 0.14, 0.1
CHARACTER = 0.066
LINE = 0.17
WIDEST, NARROW_COLUMN = 1.25, 0.8
# a column of less has its numbers set smaller
TIGHT_COLUMN = 0.34
ANGLE = 50
WITHHELD = "#e3e7eb"
# at least so much is no gap to point at
NEARLY_ALL = 0.75


@dataclass(frozen=True)
class Tile:
    """One cell. shade: 0 (paper) to 1 (ink of the first arm); None: nothing can be told."""

    text: str
    shade: float | None


@dataclass(frozen=True)
class Row:
    """A label and its tiles; a tile that is None is left out."""

    label: str
    tiles: tuple[Tile | None, ...]


@dataclass(frozen=True)
class Block:
    """Rows under a heading. columns: names above the tiles; empty where those of the block above go on."""

    heading: str
    rows: tuple[Row, ...]
    columns: tuple[str, ...] = ()


def known(share: float, told: str) -> Tile | None:
    """A share that is known, in percent, darker where it is less; told: exact, rounded, about, from, withheld or
    nobody.

    Neither 0 nor 100 stands where it is not all or none.
    """
    if told in ("nobody", "withheld"):
        return Tile("", None) if told == "withheld" else None
    percent = round(100 * share)
    if told == "from":
        return Tile(f"\u2265{percent}", None if share >= NEARLY_ALL else 1 - share)
    if 0 < share < 1:
        percent = min(max(percent, 1), 99)
    return Tile(f"{'~' if told == 'about' else ''}{percent}", 1 - share)


def legend(told: Collection[str]) -> list[str]:
    """What the signs in tiles of `known` mean, as far as they occur."""
    signs = {
        "about": "~ made of rounded counts, or without a few people: about so many percent.",
        "from": "\u2265 counts are withheld: at least so many percent.",
        "withheld": "A grey tile without a number is withheld.",
    }
    return [words for sign, words in signs.items() if sign in told]


def plot(blocks: Sequence[Block], notes: Sequence[str] = ()) -> ggplot:
    """The grid, with notes below it."""
    sheet = _Sheet(_left(blocks), _width(blocks))
    for block in blocks:
        sheet.block(block)
    for note in notes:
        sheet.write(note, 100)
    return sheet.drawn()


def _left(blocks: Sequence[Block]) -> float:
    """Where the tiles begin: to the right of the longest label."""
    return EDGE + CHARACTER * max(len(r.label) for b in blocks for r in b.rows) + 0.1


def _width(blocks: Sequence[Block]) -> float:
    """Width of a column; where it is too narrow for level names, slanted ones need room on the right."""
    columns = max(len(b.columns) for b in blocks)
    room = style.WIDTH - _left(blocks) - EDGE
    if room / columns >= NARROW_COLUMN:
        return min(room / columns, WIDEST)
    longest = max(len(c) for b in blocks for c in b.columns)
    return (room - CHARACTER * longest * math.cos(math.radians(ANGLE))) / columns


@dataclass
class _Sheet:
    """Tiles and words as they are placed from the top down, in inches."""

    left: float
    column: float
    y: float = EDGE
    tiles: list[tuple[float, float, str, str, str]] = field(default_factory=list)
    texts: list[tuple[float, float, str, str, int]] = field(default_factory=list)

    def write(self, text: str, width: int, weight: str = "normal") -> None:
        """Lines of words over the whole width."""
        for line in style.wrap(text, width).split("\n") if text else ():
            self.texts.append((EDGE, self.y + LINE / 2, line, weight, 0))
            self.y += LINE

    def block(self, block: Block) -> None:
        """A heading, names of columns where the block has its own, and its rows."""
        self.write(block.heading, 90, "bold")
        self.names(block.columns)
        for row in block.rows:
            self.texts.append((EDGE, self.y + ROW / 2, row.label, "normal", 0))
            for i, tile in enumerate(row.tiles):
                if tile is not None:
                    ink = style.PAPER if (tile.shade or 0) > 0.55 else style.INK
                    self.tiles.append((self.left + i * self.column, self.y, _fill(tile.shade), tile.text, ink))
            self.y += ROW
        self.y += GAP

    def names(self, columns: Sequence[str]) -> None:
        """Names of columns, slanted where these are narrow."""
        if not columns:
            return
        if self.column < NARROW_COLUMN:
            self.y += CHARACTER * max(map(len, columns)) * math.sin(math.radians(ANGLE)) + LINE
            for i, name in enumerate(columns):
                self.texts.append((self.left + (i + 0.35) * self.column, self.y - 0.02, name, "normal", ANGLE))
            return
        wrapped = [style.wrap(c, int(self.column / CHARACTER) - 1).split("\n") for c in columns]
        deep = max(map(len, wrapped))
        for i, lines in enumerate(wrapped):
            for j, line in enumerate(lines, deep - len(lines)):
                place = (self.left + i * self.column + 0.03, self.y + (j + 0.5) * LINE)
                self.texts.append((*place, line, "normal", 0))
        self.y += deep * LINE

    def drawn(self) -> ggplot:
        """The plot."""
        import pandas as pd
        from plotnine import aes, geom_rect, geom_text, scale_fill_identity

        height = self.y + EDGE / 2
        cells = pd.DataFrame(self.tiles, columns=["x0", "y", "fill", "text", "ink"])
        cells = cells.assign(x1=cells["x0"] + self.column, y0=height - cells["y"] - ROW, y1=height - cells["y"])
        middle = cells.assign(x=(cells["x0"] + cells["x1"]) / 2, y=(cells["y0"] + cells["y1"]) / 2)
        words = pd.DataFrame(self.texts, columns=["x", "y", "text", "weight", "angle"]).assign(
            y=lambda d: height - d["y"]
        )
        sheet = (
            style.sheet(style.WIDTH, height)
            + geom_rect(
                aes(xmin="x0", xmax="x1", ymin="y0", ymax="y1", fill="fill"), data=cells, color=style.PAPER, size=0.6
            )
            + scale_fill_identity()
        )
        for ink in dict.fromkeys(cells["ink"]):
            own = middle[middle["ink"] == ink]
            size = 7.5 if self.column >= TIGHT_COLUMN else 6.2
            sheet += geom_text(aes("x", "y", label="text"), data=own, size=size, color=ink)
        for weight, angle in dict.fromkeys(zip(words["weight"], words["angle"], strict=True)):
            own = words[(words["weight"] == weight) & (words["angle"] == angle)]
            sheet += geom_text(
                aes("x", "y", label="text"), data=own, ha="left", va="bottom" if angle else "center", angle=angle,
                size=8.5, color=style.INK, fontweight=weight,
            )  # fmt: skip
        return sheet


def _fill(shade: float | None) -> str:
    if shade is None:
        return WITHHELD
    ends = [[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in ("#eef2f6", style.COLOURS[0])]
    mixed = [round(a + (b - a) * min(max(shade, 0.0), 1.0)) for a, b in zip(*ends, strict=True)]
    return "#" + "".join(f"{c:02x}" for c in mixed)
