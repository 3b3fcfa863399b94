"""The document as one self-contained HTML file, without a request to anywhere.

The template knows the kinds of items and no section by name; a value that is missing is an error there.
"""

from __future__ import annotations

import re
from pathlib import Path

from iop_outcomes.report.document import Document

# letters that are written from right to left (Hebrew, Arabic, Syriac, Thaana, NKo and others), with blanks between
LETTERS = "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
TO_THE_LEFT = re.compile(f"{LETTERS}+(?: +{LETTERS}+)*")
TEMPLATES = Path(__file__).resolve().parent / "templates"

# where the style has what stands on every printed page
ON_EVERY_PAGE = '"{on every page}"'


def quoted(text: str) -> str:
    """A text as a string of CSS."""
    return '"' + "".join(c if c.isalnum() or c in " .,:()-" else f"\\{ord(c):x} " for c in text) + '"'


def render(document: Document) -> str:
    """The page."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests["kind"] = lambda item, kind: type(item).__name__ == kind
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8").replace(ON_EVERY_PAGE, quoted(document.page))
    return isolated(environment.get_template("page.html.j2").render(document=document, style=style))


def isolated(text: str) -> str:
    """A text in which what is written from right to left turns nothing of what stands around it (in isolates)."""
    return TO_THE_LEFT.sub(lambda found: f"\u2068{found[0]}\u2069", text)
