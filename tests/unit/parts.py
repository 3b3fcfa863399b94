"""Parts of the protocol from the few words that a test is about."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from iop_outcomes.protocol import Contrast, Endpoint
from iop_outcomes.vocabulary.endpoints import KINDS, TAKES


def endpoint(outcome: str, kind: str, **more: Any) -> Endpoint:
    """An endpoint without its words, and with the least number of what its kind needs."""
    least = {number: 1 for number, kinds in TAKES.items() if kind in kinds} | dict.fromkeys(KINDS[kind].must_fill, 1)
    return Endpoint.model_validate({"outcome": outcome, "kind": kind, "label": "", "definition": "", **least, **more})


def contrast(first: str, second: str, /, **more: Any) -> Contrast:
    """Intensive outpatient against residential care, or what else is said, under these names."""
    sides = {
        "first": {"name": first, "label": first.title(), "values": ["2.1"]},
        "second": {"name": second, "label": second.title(), "values": ["3.5"]},
    }
    return Contrast.model_validate({"title": "", "column": "index_level", **sides, **more})


def at_places(content: Mapping[str, Any], *changes: tuple[str, Any]) -> dict[str, Any]:
    """A copy of nested content with changes at dotted places; None takes away. What is put in is copied as well, as
    tests share it.
    """
    changed = copy.deepcopy(dict(content))
    for place, value in changes:
        *path, last = place.split(".")
        part = changed
        for step in path:
            part = part[step]
        if value is None:
            part.pop(last)
        else:
            part[last] = copy.deepcopy(value)
    return changed
