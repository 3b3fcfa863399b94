"""The JSON Schemas of a study and its sheets, for editors that complete and check what is typed."""

from __future__ import annotations

from typing import Any

from iop_outcomes.protocol import Analysis, Eligibility, Endpoint, Part, Question, Study


def schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schemas (draft 2020-12) of the study, of a row of each sheet, and an estimand in `Loaded.merged`."""
    shapes: dict[str, type[Part]] = {
        "study": Study, "questions": Question, "analyses": Analysis, "endpoints": Endpoint, "eligibility": Eligibility,
    }  # fmt: skip
    return {
        name: {"$schema": "https://json-schema.org/draft/2020-12/schema", **shape.model_json_schema()}
        for name, shape in shapes.items()
    }
