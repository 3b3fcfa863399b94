"""A part of the methods section."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """One part of the methods; text, and points where it is a list of (term, explanation)."""

    heading: str
    text: str
    points: tuple[tuple[str, str], ...] = ()
