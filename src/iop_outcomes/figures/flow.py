"""Flow: from the people in the records to the eligible ones and to the arms of each contrast.

In order: the rules that exclude people stand beside the way from records to eligible people; below, each contrast with
its arms and, where there are any, people without a counterpart in the other arm. A count that may not be shown is given
as a range or in words. Totals are sums of what is shown, and are left out when a part of them is not; of rounded counts
they are marked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from iop_outcomes.figures import style
from iop_outcomes.presentation import numbers, recorded, told
from iop_outcomes.presentation.labels import STRATA, Labels, capital, within, words
from iop_outcomes.protocol import Compared
from iop_outcomes.tables.results import ATTRITION, PEOPLE

if TYPE_CHECKING:
    import pandas as pd
    from plotnine import ggplot

WITHHELD = "number withheld"
# between a number and what it is of, which no reader of the drawing closes up
APART = "\u2003"
# one of what is counted
ONE = {"people": "person", "episodes": "episode", "periods": "period"}
LINE, PAD, GAP = 0.19, 0.12, 0.26
LEFT_BOX, RIGHT_BOX = (0.1, 3.0), (3.45, style.WIDTH - 0.1)
ARM_BOXES = ((0.1, 3.5), (3.7, style.WIDTH - 0.1))
CHARACTERS_PER_INCH = 13.2


@dataclass(frozen=True)
class Box:
    """Words in a frame. x: left and right. top: inches below the upper edge."""

    x: tuple[float, float]
    top: float
    lines: tuple[str, ...]
    framed: bool = True
    bold: bool = False

    @property
    def bottom(self) -> float:
        """Inches below the upper edge."""
        return self.top + len(self.lines) * LINE + 2 * PAD * self.framed


@dataclass(frozen=True)
class Arrow:
    """A line with a head, from and to: (x, inches below the upper edge)."""

    begin: tuple[float, float]
    end: tuple[float, float]


def draw(tables: style.Tables, study: Compared) -> style.Figure:
    """The flow diagram of a cohort."""
    labels = Labels(study)
    counts = tables.counts[tables.counts["outcome"].isin([ATTRITION, PEOPLE])]
    steps = recorded.attrition(counts, told.usual(counts))
    arms = people(counts, labels)
    data = _data(steps, arms)
    if steps.empty:
        return style.note("no count of eligible people was released", data, "The flow of people")
    many = recorded.unit(study)
    boxes, arrows, bottom = _way_to_eligible(steps, many)
    for contrast, own in arms.groupby("contrast", sort=False):
        boxes_more, arrows_more, bottom = _contrast(labels, str(contrast), own, bottom, many)
        boxes += boxes_more
        arrows += arrows_more
    note = _note(counts, bottom)
    boxes, bottom = ([*boxes, note], note.bottom) if note.lines else (boxes, bottom)
    return style.Figure(_plot(boxes, arrows, bottom + 0.1), data, _alt(steps, arms, labels, many))


def _note(counts: pd.DataFrame, bottom: float) -> Box:
    """How the counts that are shown are rounded, below everything; without lines where they are not."""
    rounding = told.rounding(counts)
    sums = f" {told.ABOUT}: a sum of rounded counts." if rounding and told.ABOUT not in rounding else ""
    words = rounding + sums
    across = (0.1, style.WIDTH - 0.1)
    return Box(across, bottom + GAP / 2, tuple(_lines(words, across)) if rounding else (), framed=False)


def people(counts: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """People of each arm with and without a counterpart: columns contrast, side, arm, level, people, status,
    low, high, shown.
    """
    own = counts[(counts["analysis"] == "design") & (counts["outcome"] == PEOPLE)]
    rank = {c: i for i, c in enumerate(labels.study.contrasts)}
    own = (
        recorded.with_people(own, told.usual(counts))
        .assign(
            side=[
                (*labels.sides(c), *labels.further_arms(c)).index(a)
                for c, a in zip(own["contrast"], own["arm"], strict=True)
            ],
            rank=own["contrast"].map(rank),
        )
        .sort_values(["rank", "side", "level"], kind="stable")
    )
    return own[["contrast", "side", "arm", "level", "people", "status", "low", "high", "shown"]].reset_index(drop=True)


def together(rows: pd.DataFrame) -> str:
    """People of some rows as they are shown; of several their sum, marked where rounded, or the range of it."""
    if len(rows) == 1:
        return hidden(str(rows["shown"].iloc[0]))
    people, low, high = (rows[c].sum(skipna=False) for c in ("people", "low", "high"))
    if numbers.known(people):
        return (f"{told.ABOUT}{numbers.NARROW}" if high > low else "") + numbers.count(people)
    return f"{numbers.count(low)} to {numbers.count(high)}" if numbers.known(high) else WITHHELD


def hidden(shown: str) -> str:
    """A count as it is shown, or that it may not be."""
    return WITHHELD if shown == told.WITHHELD else shown


def said(rows: pd.DataFrame, many: str = "people") -> str:
    """People, episodes or periods of some rows in words: '12 people', or that they may not be shown."""
    shown = together(rows)
    return shown if shown == WITHHELD else f"{shown} {ONE[many] if shown == numbers.count(1) else many}"


def _data(steps: pd.DataFrame, arms: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    first = steps.assign(part="eligibility", contrast="all", arm="all").rename(columns={"rule": "level"})
    both = pd.concat([first, arms.assign(part="contrast")], ignore_index=True)
    return both[["part", "contrast", "arm", "level", "people", "status"]]


def _lines(text: str, x: tuple[float, float]) -> list[str]:
    return style.wrap(text, int((x[1] - x[0] - 2 * PAD) * CHARACTERS_PER_INCH)).split("\n")


def _way_to_eligible(steps: pd.DataFrame, many: str) -> tuple[list[Box], list[Arrow], float]:
    rules, eligible = steps.iloc[:-1], steps.iloc[-1:]
    start = Box(LEFT_BOX, 0.1, (f"{words(many)} in the records", said(steps, many)))
    beside = Box(RIGHT_BOX, start.bottom + GAP / 2, tuple(_excluded(rules, many)))
    below = max(beside.bottom, start.bottom) + GAP
    end = Box(LEFT_BOX, below, ("Eligible", said(eligible, many)), bold=True)
    middle, side = sum(LEFT_BOX) / 2, (beside.top + beside.bottom) / 2
    arrows = [Arrow((middle, start.bottom), (middle, end.top)), Arrow((middle, side), (RIGHT_BOX[0], side))]
    return [start, beside, end], arrows, end.bottom


def _excluded(rules: pd.DataFrame, many: str) -> list[str]:
    """Whom each rule excluded; rules that excluded no one are counted together."""
    some = rules[rules["people"] != 0]
    if some.empty:
        return _lines(f"Excluded: no one, by any of {len(rules)} rules", RIGHT_BOX)
    lines = _lines(f"Excluded, each {ONE[many]} under the first rule that applies:", RIGHT_BOX)
    for rule in some.itertuples():
        lines += _lines(f"{_number(str(rule.shown))}{APART}{rule.rule}", RIGHT_BOX)
    others = len(rules) - len(some)
    return lines + ([f"No one by {others} other rule{'s' * (others > 1)}"] if others else [])


def _number(shown: str) -> str:
    return f"({WITHHELD})" if shown in (WITHHELD, told.WITHHELD) else shown


def _contrast(
    labels: Labels, name: str, own: pd.DataFrame, top: float, many: str
) -> tuple[list[Box], list[Arrow], float]:
    title = Box(
        (0.1, style.WIDTH - 0.1),
        top + GAP,
        tuple(_lines(labels.contrast(name), (0.0, style.WIDTH))),
        framed=False,
        bold=True,
    )
    strata = STRATA[labels.study.contrasts[name].stratum][1]
    lacking = "without every arm" if labels.further_arms(name) else "with one arm only"
    boxes = [title]
    for side, arm in enumerate(labels.arms(name)):
        counted = own[own["side"] == side]
        lines = _lines(arm, ARM_BOXES[side])
        lines.append(said(counted, many))
        apart = counted[counted["level"] == "without_counterpart"]
        if len(apart):
            alone = "All of them" if len(counted) == 1 else _number(together(apart)) + " of them"
            lines += _lines(f"{alone} in {strata} {lacking}", ARM_BOXES[side])
        boxes.append(Box(ARM_BOXES[side], title.bottom + 0.05, tuple(lines)))
    for side, label in enumerate(labels.further_arms(name).values(), 2):
        size = said(own[own["side"] == side], many)
        whole = (ARM_BOXES[0][0], ARM_BOXES[1][1])
        text = tuple(_lines(f"Weighed with them, as arms of one comparison: {within(label)}, {size}", whole))
        boxes.append(Box(whole, max(b.bottom for b in boxes) + 0.05, text))
    return boxes, [], max(b.bottom for b in boxes)


def _plot(boxes: list[Box], arrows: list[Arrow], height: float) -> ggplot:
    import pandas as pd
    from plotnine import aes, arrow, geom_rect, geom_segment, geom_text

    framed = [b for b in boxes if b.framed]
    frames = pd.DataFrame(
        [(b.x[0], b.x[1], height - b.bottom, height - b.top) for b in framed], columns=["x0", "x1", "y0", "y1"]
    )
    ways = pd.DataFrame(
        [(*a.begin, *a.end) for a in arrows], columns=["x0", "y0", "x1", "y1"]
    ).assign(y0=lambda d: height - d["y0"], y1=lambda d: height - d["y1"])  # fmt: skip
    texts = pd.DataFrame(
        [
            (b.x[0] + PAD * b.framed, height - b.top - PAD * b.framed - (i + 0.5) * LINE, line, b.bold)
            for b in boxes
            for i, line in enumerate(b.lines)
        ],
        columns=["x", "y", "label", "bold"],
    )
    plot = style.sheet(style.WIDTH, height) + geom_rect(
        aes(xmin="x0", xmax="x1", ymin="y0", ymax="y1"), data=frames, fill="#f7f9fa", color=style.SOFT, size=0.4
    )
    if len(ways):
        plot += geom_segment(
            aes("x0", "y0", xend="x1", yend="y1"), data=ways, color=style.SOFT, size=0.5,
            arrow=arrow(length=0.07, type="closed"),
        )  # fmt: skip
    for bold, own in texts.groupby("bold"):
        plot += geom_text(
            aes("x", "y", label="label"), data=own, ha="left", va="center", size=9, color=style.INK,
            fontweight="bold" if bold else "normal",
        )  # fmt: skip
    return plot


def _alt(steps: pd.DataFrame, arms: pd.DataFrame, labels: Labels, many: str) -> str:
    total, eligible = said(steps, many), said(steps.iloc[-1:], many)
    begin = "Flow diagram. " if total == WITHHELD else f"Flow diagram. Of {total} in the records, "
    parts = []
    for contrast, own in arms.groupby("contrast", sort=False):
        sizes = [together(own[own["side"] == side]) for side in (0, 1)]
        names = labels.arms(str(contrast))
        parts.append(f"{names[0]} {_number(sizes[0])} and {names[1]} {_number(sizes[1])}")
    left = f"the number of eligible {many} is withheld" if eligible == WITHHELD else f"{eligible} are eligible"
    left = left if begin.endswith(", ") else capital(left)
    return f"{begin}{left}. {words(many)} compared: {'; '.join(parts) or 'none'}."
