"""What all figures share: tables in, a look that survives black-and-white print, and files whose bytes do not vary.

A figure is drawn by `draw(tables, study)` of its module and comes with the data it shows and a text that says what is
to be seen. `files` writes it: SVG with real text, the words inside as title and description, PNG at 150 dpi, and the
data as CSV. Nothing in them depends on the day, the machine or the run.
"""

from __future__ import annotations

import io
import re
import textwrap
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from iop_outcomes.files import csv_text

if TYPE_CHECKING:
    import pandas as pd
    from plotnine import ggplot, theme

WIDTH = 7.2
DPI = 150
FONTS = ["DejaVu Sans", "sans-serif"]
INK, SOFT, GRID, PAPER = "#1f2933", "#5b6875", "#dfe4e8", "#ffffff"
# first and second arm: apart for colour-blind eyes (blue, vermillion), in grey (dark, middle) and by line
COLOURS = ("#1b4f8a", "#d0540f")
LINES = ("solid", "dashed")
LINE_WORDS = ("solid line", "dashed line")
SHAPES = ("o", "s", "D", "^")
WARNING = "#a33b20"


@dataclass(frozen=True)
class Tables:
    """The released tables, and the known truths of a synthetic cohort. tipping: estimates with a delta of missing
    answers in each arm, which stand in no other table. everything: all released estimates, those that repeat a question
    under other choices among them.
    """

    counts: pd.DataFrame
    estimates: pd.DataFrame
    curves: pd.DataFrame
    diagnostics: pd.DataFrame
    truth: pd.DataFrame | None = None
    tipping: pd.DataFrame | None = None
    everything: pd.DataFrame | None = None


@dataclass(frozen=True)
class Figure:
    """plot: a plotnine plot. data: what it shows, one row per mark. alt: one or two sentences with the main numbers."""

    plot: ggplot
    data: pd.DataFrame
    alt: str


def look(width: float = WIDTH, height: float = 4.0) -> theme:
    """The theme of all figures; sizes in inches."""
    from plotnine import element_blank, element_line, element_rect, element_text, theme, theme_minimal

    return theme_minimal(base_size=10) + theme(
        figure_size=(width, height),
        text=element_text(family=FONTS, color=INK),
        axis_title=element_text(size=9.5, color=INK),
        axis_text=element_text(size=9, color=INK),
        strip_text=element_text(size=9.5, color=INK, ha="left", ma="left", x=0, linespacing=1.3),
        strip_background=element_blank(),
        panel_grid_minor=element_blank(),
        panel_grid_major=element_line(color=GRID, size=0.5),
        panel_spacing=0.04,
        plot_background=element_rect(fill=PAPER, color=PAPER),
        panel_background=element_rect(fill=PAPER, color=PAPER),
        legend_position="top",
        legend_justification="left",
        legend_title=element_blank(),
        legend_text=element_text(size=9),
        legend_key=element_blank(),
        legend_key_width=26,
    )


def bare(width: float, height: float) -> theme:
    """A sheet of paper: no axes, no grid."""
    from plotnine import element_blank, theme

    blank = element_blank()
    return look(width, height) + theme(axis_title=blank, axis_text=blank, panel_grid=blank, plot_margin=0)


def sheet(width: float, height: float) -> ggplot:
    """An empty plot on which one unit is one inch, the origin at the lower left."""
    from plotnine import coord_cartesian, ggplot, scale_x_continuous, scale_y_continuous

    return (
        ggplot()
        + scale_x_continuous(expand=(0, 0))
        + scale_y_continuous(expand=(0, 0))
        + coord_cartesian(xlim=(0, width), ylim=(0, height))
        + bare(width, height)
    )


def note(message: str, data: pd.DataFrame, what: str) -> Figure:
    """In place of a figure without data: what would be shown, and why it is not."""
    import pandas as pd
    from plotnine import aes, geom_rect, geom_text

    lines = textwrap.wrap(f"{what} cannot be drawn: {message}.", 78)
    height = 0.6 + 0.2 * len(lines)
    box = pd.DataFrame({"x0": [0.05], "x1": [WIDTH - 0.05], "y0": [0.05], "y1": [height - 0.05]})
    text = pd.DataFrame({"x": [0.3], "y": [height / 2], "label": ["\n".join(lines)]})
    plot = (
        sheet(WIDTH, height)
        + geom_rect(aes(xmin="x0", xmax="x1", ymin="y0", ymax="y1"), data=box, fill="#f4f6f8", color=GRID)
        + geom_text(aes("x", "y", label="label"), data=text, ha="left", size=10, color=SOFT, lineheight=1.4)
    )
    return Figure(plot, data, f"{what} cannot be drawn: {message}.")


def wrap(text: str, width: int) -> str:
    """Text in lines of at most so many characters."""
    return "\n".join(textwrap.wrap(text, width)) or text


def files(figure: Figure, name: str, title: str) -> dict[str, bytes]:
    """The figure as 'svg', 'png' and 'csv'."""
    data = csv_text.write(figure.data, float_format="%.10g") or ""
    svg, png = _rendered(figure.plot, name)
    return {"svg": _described(svg, title, figure.alt), "png": png, "csv": data.encode("utf-8")}


def _rendered(plot: ggplot, name: str) -> tuple[bytes, bytes]:
    """The bytes of the plot, drawn once, as SVG and as PNG."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt
    from plotnine import theme

    svg, png = io.BytesIO(), io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "none", "font.family": FONTS}):
        plt.switch_backend("agg")
        drawn = (plot + theme(dpi=DPI)).draw()
        drawn.savefig(svg, format="svg", dpi=DPI, metadata={"Date": None})
        drawn.savefig(png, format="png", dpi=DPI, metadata={"Software": None})
        plt.close(drawn)
    return svg.getvalue(), png.getvalue()


def _described(svg: bytes, title: str, alt: str) -> bytes:
    """The SVG with its title and description inside, where screen readers and the report find them."""
    words = f"<title>{escape(title)}</title><desc>{escape(alt)}</desc>"
    text, found = re.subn(r"(<svg\b[^>]*)>", rf'\1 role="img">\n {_literal(words)}', svg.decode("utf-8"), count=1)
    if not found:
        raise AssertionError("matplotlib wrote no <svg> element")
    return text.encode("utf-8")


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\")
