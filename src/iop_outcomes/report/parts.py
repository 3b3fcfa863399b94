"""A part of a section: a heading, sentences, figures and tables."""

from __future__ import annotations

from dataclasses import dataclass

from iop_outcomes.figures import numbers
from iop_outcomes.report.results import WITHHELD, Table


@dataclass(frozen=True)
class Part:
    """One part of the section. figures: names of those to show, where they were drawn."""

    heading: str
    said: tuple[str, ...]
    figures: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()


def people(found: dict[str, float], level: str) -> str:
    """A released count of a level; no row is no one."""
    value = found.get(level, 0.0)
    return numbers.count(value) if numbers.known(value) else WITHHELD
