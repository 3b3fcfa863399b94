"""A figure of the study made by hand, as its module draws it, and the words in its file."""

from __future__ import annotations

import importlib
from xml.etree import ElementTree

import pandas as pd
from released_study import words

from iop_outcomes.figures import style
from iop_outcomes.protocol import AsRun


def drawn(name: str, tables: dict[str, pd.DataFrame], whole: AsRun | None = None) -> style.Figure:
    module = importlib.import_module(f"iop_outcomes.figures.{name}")
    return module.draw(style.Tables(**tables), words(whole))


def described(svg: bytes) -> tuple[str, str]:
    """Title and description of an SVG."""
    root = ElementTree.fromstring(svg)
    title, description = (root.findtext(f"{{http://www.w3.org/2000/svg}}{part}", "") for part in ("title", "desc"))
    return title, description
