"""The report: one HTML file from the released tables, the figures and the study, without a request to anywhere.

In order: figures are read with the words inside them; sentences, tables and methods are made from the tables and the
study; a template puts them on the page. No number is typed in the template, and one that is missing is an error there.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iop_outcomes.errors import StudyError

if TYPE_CHECKING:
    import pandas as pd

HERE = Path(__file__).resolve().parent
TEMPLATES = HERE / "templates"
KNOWN = HERE / "known.tsv"


@dataclass(frozen=True)
class Picture:
    """A figure for the page: its words, its content as a data URI, and the name of its file with numbers."""

    name: str
    title: str
    alt: str
    uri: str
    data: str


def run(
    counts: pd.DataFrame,
    estimates: pd.DataFrame,
    curves: pd.DataFrame,
    diagnostics: pd.DataFrame,
    figures: Sequence[str] | str,
    study: Mapping[str, Any],
    truth: pd.DataFrame | None = None,
    notes: Sequence[str] | str = (),
) -> dict[str, str]:
    """The step: the page under the name 'report'.

    figures: paths of SVG files; study: the whole of it, merged; notes: path of what the source told of its files.
    """
    from iop_outcomes.report import page

    pictures = [picture(Path(p)) for p in ([figures] if isinstance(figures, str) else figures)]
    told = [Path(p).read_text(encoding="utf-8").splitlines() for p in ([notes] if isinstance(notes, str) else notes)]
    content = page.content(counts, estimates, diagnostics, study, truth, [line for lines in told for line in lines])
    return {"report": render({**content, "figures": {p.name: p for p in pictures}})}


def picture(path: Path) -> Picture:
    """A figure as it goes into the page. Raises StudyError where it is not one of this project."""
    from iop_outcomes.figures.style import description

    try:
        content = path.read_bytes()
        title, alt = description(content)
    except (OSError, SyntaxError):
        raise StudyError(f"{path} is not a readable SVG file. Delete it and run again.") from None
    if not alt:
        raise StudyError(f"{path} has no description inside. Delete it and run again.")
    uri = f"data:image/svg+xml;base64,{base64.b64encode(content).decode('ascii')}"
    return Picture(path.stem, title, alt, uri, f"figures/{path.stem}.csv")


def render(content: Mapping[str, Any]) -> str:
    """The page from its content."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    return environment.get_template("page.html.j2").render(**content, style=style)
