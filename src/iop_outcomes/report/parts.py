"""A part of a section: a heading, sentences, figures and tables."""

from __future__ import annotations

from dataclasses import dataclass

from iop_outcomes.report.document import Table


@dataclass(frozen=True)
class Part:
    """One part of the section. figures: names of those to show, where they were drawn."""

    heading: str
    said: tuple[str, ...]
    figures: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
