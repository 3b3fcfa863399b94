"""The figures against the released tables: their data, what they say in words, and the numbers in the drawings.

Each figure is built anew from the released tables, without being drawn. Its data and its words must be those that lie
there. A text in a drawing must be one of the figure's own, or stand on an axis, where equal distances must mean equal
steps. `redrawn` draws the figures as well and compares every byte: where fonts and libraries are the same, as the lock
file has them, nothing differs.
"""

from __future__ import annotations

import csv
import io
import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from iop_outcomes import figures
from iop_outcomes.presentation import numbers, select
from iop_outcomes.verify import page
from iop_outcomes.verify.files import key
from iop_outcomes.verify.findings import Finding
from iop_outcomes.verify.origins import Heard
from iop_outcomes.verify.released import Release

if TYPE_CHECKING:
    import pandas as pd
    from plotnine import ggplot

    from iop_outcomes.figures.style import Figure

SVG = "{http://www.w3.org/2000/svg}"
# the released tables that figures are drawn from
DRAWN = ("counts", "estimates", "curves", "diagnostics")
# how far a tick may lie from its place, in hundredths of an inch of the drawing
OFF = 0.05


@dataclass(frozen=True)
class Built:
    """A figure built anew. data: its CSV; alt: its words, with marks; heard: the values behind those; texts: all that
    may be written in the drawing, one behind the other; labels: how often each of its labels is written.
    """

    name: str
    data: str
    alt: str
    texts: str
    labels: Counter[str]
    heard: Heard


def names(release: Release) -> list[str]:
    """The figures of a release that this program knows."""
    found = [n[len("figures/") : -len(".svg")] for n in release.told["files"] if re.fullmatch(r"figures/\w+\.svg", n)]
    return [n for n in found if n in figures.TITLES]


def built(release: Release, name: str) -> Built:
    """A figure as the released tables give it."""
    from iop_outcomes.files import csv_text

    heard = Heard()
    with numbers.heard(heard):
        figure = _figure(release, name)
    data = csv_text.write(_bare(figure.data), float_format="%.10g") or ""
    return Built(name, data, figure.alt, _joined(figure.plot), _labels(figure.plot), heard)


def _bare(data: pd.DataFrame) -> pd.DataFrame:
    """A figure's data without marks: with them a cell that begins with a sign would not be taken for a formula."""

    def plain(cell: object) -> object:
        return page.bare(cell) if isinstance(cell, str) else cell

    texts = data.select_dtypes(["object", "category"]).astype(object)
    return data.assign(**{str(column): cells.map(plain) for column, cells in texts.items()})


def _figure(release: Release, name: str) -> Figure:
    import importlib

    from iop_outcomes.figures import style

    own = {n: select.asked_first(release.tables[n], release.compared) for n in DRAWN}
    tipping = select.tipping(release.tables["estimates"])
    tables = style.Tables(**own, truth=release.truth, tipping=tipping, everything=release.tables["estimates"])
    found: Figure = importlib.import_module(f"iop_outcomes.figures.{name}").draw(tables, release.compared)
    return found


def check(release: Release, anew: Built) -> Iterator[Finding]:
    """Where a figure is not what the released tables give."""
    name = f"figures/{anew.name}"
    path = release.folder / f"{name}.csv"
    if path.is_file():
        yield from data_differs(f"{name}.csv", path.read_text("utf-8"), anew)
    path = release.folder / f"{name}.svg"
    if path.is_file():
        found = list(drawing_differs(f"{name}.svg", path.read_text("utf-8"), anew))
        if found:
            # marks make texts longer, so that they may break elsewhere: once more without them
            plot = _figure(release, anew.name).plot
            plain = replace(anew, texts=_joined(plot), labels=_labels(plot))
            found = list(drawing_differs(f"{name}.svg", path.read_text("utf-8"), plain))
        yield from found


def redrawn(release: Release) -> Iterator[Finding]:
    """The figures of which another drawing comes out when they are drawn again."""
    asked = names(release)
    own = {name: release.tables[name] for name in DRAWN}
    made = figures.run(**own, names=asked, study=release.compared, truth=release.truth)
    for name in asked:
        for kind in ("svg", "png"):
            path = release.folder / f"figures/{name}.{kind}"
            if path.is_file() and path.read_bytes() != made[f"{name}_{kind}"]:
                yield Finding(f"figures/{name}.{kind}", "", "is another drawing than the released tables give here.")


def data_differs(name: str, there: str, anew: Built) -> Iterator[Finding]:
    """Cells of a figure's data that are not what the released tables give."""
    if there == anew.data:
        return
    found, wanted = (list(csv.reader(io.StringIO(text))) for text in (there, anew.data))
    if not found or not wanted or found[0] != wanted[0] or len(found) != len(wanted):
        yield Finding(name, "", f"holds {len(found) - 1} rows; {len(wanted) - 1} follow from the released tables.")
    none: list[str] = []
    for at, (row, should) in enumerate(zip_longest(found, wanted, fillvalue=none), 1):
        for column, a, b in zip(wanted[0], row, should):  # noqa: B905
            if a != b:
                where = f"line {at} ({key(name, wanted[0], should)}), column {column}"
                yield Finding(name, where, f"{a} stands there; {b} follows from the released tables.")


def drawing_differs(name: str, there: str, anew: Built) -> Iterator[Finding]:
    """What a drawing says that the figure does not."""
    try:
        root = ElementTree.fromstring(there)
    except SyntaxError:
        yield Finding(name, "", "is not a readable SVG file.")
        return
    words = (root.findtext(f"{SVG}title", ""), root.findtext(f"{SVG}desc", ""))
    for said, should, where in zip(
        words, (figures.TITLES[anew.name], page.bare(anew.alt)), ("title", "words"), strict=True
    ):
        if said != should:
            yield Finding(name, where, _said(said, should))
    ticks = set()
    for axis in (g for g in root.iter(f"{SVG}g") if g.get("id", "").startswith("matplotlib.axis")):
        found = list(_ticks(axis))
        ticks |= {text for text, _ in found}
        yield from (Finding(name, "axis", said) for said in _uneven(found))
    drawn = Counter("".join(t.itertext()) for t in root.iter(f"{SVG}text"))
    for text in (t for t in drawn if page.NUMBER.search(t)):
        if text not in ticks and not _among(_even(text), anew.texts):
            yield Finding(name, "drawing", f"'{text}' is written there, and does not follow from the released tables.")
    yield from _often(name, drawn, ticks, anew.labels)


def _often(name: str, drawn: Counter[str], ticks: set[str], labels: Counter[str]) -> Iterator[Finding]:
    """Labels with numbers that are not written as often as they should: one of them took the place of another."""
    found: Counter[str] = Counter()
    for text, times in drawn.items():
        found[_even(text)] += times
    for text, times in labels.items():
        if page.NUMBER.search(text) and text not in ticks and found[text] != times:
            says = f"'{text}' is written {found[text]} times; {times} times follow from the released tables."
            yield Finding(name, "drawing", says)


def _even(text: str) -> str:
    """Text with one blank wherever it may be broken."""
    return re.sub(r"[\s\u202f]+", " ", text).strip()


def _among(text: str, texts: str) -> bool:
    """A text stands among others, with no digit before or behind it that would make another number of it."""
    return re.search(rf"(?<![0-9.,]){re.escape(text)}(?![0-9])", texts) is not None


def _said(said: str, should: str) -> str:
    """How two texts differ: in their first number that does, or altogether."""
    stands, wanted = (page.NUMBER.findall(t) for t in (said, should))
    if page.NUMBER.sub("#", said) != page.NUMBER.sub("#", should):
        return f"'{said}' stands there; '{should}' follows from the released tables."
    return "; ".join(f"{a} stands there, {b} follows" for a, b in zip(stands, wanted, strict=True) if a != b) + "."


def _ticks(axis: ElementTree.Element) -> Iterator[tuple[str, float]]:
    """Texts on an axis with the place of their line across the panel."""
    for tick in axis:
        found = re.match("([xy])tick", tick.get("id", ""))
        text, line = tick.find(f".//{SVG}text"), tick.find(f".//{SVG}path")
        if found and text is not None and line is not None:
            place = re.match(r"M ([-0-9.]+) ([-0-9.]+)", line.get("d", ""))
            if place:
                yield "".join(text.itertext()), float(place[1 if found[1] == "x" else 2])


def _uneven(ticks: Sequence[tuple[str, float]]) -> Iterator[str]:
    """Ticks of an axis, of plain numbers, whose places do not go with their values, whether the scale is even, mirrored
    or one of ratios.
    """
    values = [_value(text) for text, _ in ticks]
    if len(ticks) < 3 or any(v is None for v in values):
        return
    import math

    known = [v for v in values if v is not None]
    least = known.index(min(known))
    # even; of ratios; mirrored, where what goes to the left is written without its sign
    scales = [known, [-v if at < least else v for at, v in enumerate(known)]]
    scales += [[math.log(v) for v in known]] if min(known) > 0 else []
    if all(_off(scale, [place for _, place in ticks]) > OFF for scale in scales):
        yield f"the numbers {', '.join(text for text, _ in ticks)} do not go with their places."


def _off(values: Sequence[float], places: Sequence[float]) -> float:
    """How far, at most, places lie from a straight line through the first and the last of them, by value."""
    if values[-1] == values[0]:
        return float("inf")
    slope = (places[-1] - places[0]) / (values[-1] - values[0])
    return max(abs(places[0] + slope * (v - values[0]) - p) for v, p in zip(values, places, strict=True))


def _value(text: str) -> float | None:
    """A text on an axis as a number; None where it is more than that."""
    plain = text.replace(numbers.NARROW, "").replace(numbers.MINUS, "-").removesuffix("%").strip()
    return numbers.number(plain)


def _labels(plot: ggplot) -> Counter[str]:
    """How often each line of the labels of a plot is written: those of its layers of text."""
    found: Counter[str] = Counter()
    for layer in plot.layers:
        column = layer.mapping.get("label") or plot.mapping.get("label")
        data: Any = plot.data if layer._data is None else layer._data
        if type(layer.geom).__name__ == "geom_text" and isinstance(column, str) and column in data:
            lines = (line for text in data[column].astype(str) for line in page.bare(text).split("\n"))
            found.update(_even(line) for line in lines if line.strip())
    return found


def _joined(plot: ggplot) -> str:
    """All that a plot may write, one behind the other."""
    return "\n".join(dict.fromkeys(_even(page.bare(text)) for text in _texts(plot)))


def _texts(plot: ggplot) -> Iterator[str]:
    """All that a plot may write: the texts of its data, its scales and its labels, and their lines."""
    parts: list[Any] = [plot.data, plot.labels]
    for layer in plot.layers:
        parts += [layer._data, layer.geom.aes_params]
    for scale in plot.scales:
        parts += [scale.labels, scale.breaks, scale.name]
    for part in parts:
        yield from _strings(part)


def _strings(part: Any) -> Iterator[str]:
    import pandas as pd

    if isinstance(part, str):
        yield part
    elif isinstance(part, pd.DataFrame):
        for column in part.columns[[d.kind == "O" for d in part.dtypes]]:
            yield from (v for v in part[column].astype(object).unique() if isinstance(v, str))
    elif isinstance(part, dict):
        yield from (text for one in part.values() for text in _strings(one))
    elif isinstance(part, list | tuple | set):
        yield from (text for one in part for text in _strings(one))
    elif part is not None and hasattr(part, "__dict__") and not callable(part):
        yield from _strings(vars(part))
