"""What is looked up and checked before the first job: the files of the source, the policy, the lock file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iop_outcomes.protocol import Study


def records(study: Study) -> list[str]:
    """The files that the source will read, once everything that can be told before the first job has been checked.

    Raises StudyError where a file is missing, the disclosure settings are looser than their policy, or an allowance of
    the identifier gate is not fit to be recorded.
    """
    from iop_outcomes import sources
    from iop_outcomes.release import policy

    asked = study.disclosure
    policy.choose(asked.policy, asked.minimum_count, asked.rounding_base)
    if study.privacy.allow:
        from iop_outcomes.sources import identifiers

        identifiers.check_privacy(study.privacy.model_dump())
    return sources.inputs(study.source.kind, study.source.model_dump())


def source_module(kind: str) -> str:
    """The module that reads a kind of source, by its dotted name within the package."""
    from iop_outcomes import sources

    return sources.MODULES[kind].removeprefix("iop_outcomes.")


def lock_file() -> list[str]:
    """The lock file of the environment, where the package runs from its checkout."""
    lock = Path(__file__).resolve().parents[2] / "uv.lock"
    return [str(lock)] if lock.is_file() else []
