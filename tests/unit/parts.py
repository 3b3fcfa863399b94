"""Parts of the protocol from the few words that a test is about."""

from __future__ import annotations

from typing import Any

from iop_outcomes.protocol import Contrast, Endpoint
from iop_outcomes.vocabulary.endpoints import TAKES


def endpoint(outcome: str, kind: str, **more: Any) -> Endpoint:
    """An endpoint without its words, and with the least number of what its kind needs."""
    least = {number: 1 for number, kinds in TAKES.items() if kind in kinds}
    return Endpoint.model_validate({"outcome": outcome, "kind": kind, "label": "", "definition": "", **least, **more})


def contrast(first: str, second: str, /, **more: Any) -> Contrast:
    """Intensive outpatient against residential care, or what else is said, under these names."""
    sides = {
        "first": {"name": first, "label": first.title(), "values": ["2.1"]},
        "second": {"name": second, "label": second.title(), "values": ["3.5"]},
    }
    return Contrast.model_validate({"title": "", "column": "index_level", **sides, **more})
