"""Margins as they stand before any outcome is read: written with their hash, and looked at once more when outcomes are.

The design writes them for each contrast beside its scores, and sees no outcome. The release holds what it is told
against them: a margin that was edited in between is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from iop_outcomes.errors import StudyError
from iop_outcomes.protocol import Judged

KEYS = ("analysis", "contrast", "outcome", "horizon_days", "measure", "of", "better", "margin", "strict", "readings")


def written(judged: Sequence[Judged]) -> str:
    """The margins of a contrast as JSON, with the SHA-256 of their text."""
    text = json.dumps([_plain(one) for one in judged], sort_keys=True)
    return json.dumps({"margins": json.loads(text), "digest": _digest(text)}, indent=2, sort_keys=True) + "\n"


def check(paths: Sequence[str] | str, judged: Sequence[Judged]) -> None:
    """Raise StudyError where what is judged is not what was written before outcomes were read. paths: of all files."""
    found: list[object] = []
    for path in [paths] if isinstance(paths, str) else paths:
        told = json.loads(Path(path).read_text(encoding="utf-8"))
        if _digest(json.dumps(told["margins"], sort_keys=True)) != told["digest"]:
            raise StudyError(
                f"{path} holds margins that do not go with their hash: the file was edited. Delete it and run again; "
                "the design then writes the margins of the study before outcomes are read."
            )
        found += told["margins"]
    wanted = [_plain(one) for one in judged]
    if changed := next((one for one in wanted if one not in found), None):
        raise StudyError(
            f"The margin of '{changed['outcome']}' is another one than the design wrote before outcomes were read. Run "
            "the design again, so that what is judged by is on record first."
        )


def _plain(one: Judged) -> dict[str, object]:
    return {name: getattr(one, name) for name in KEYS}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
