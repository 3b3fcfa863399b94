"""What is looked up and checked before the first job: what was typed, the files of the source, the policy, the lock.

The last function mends what Snakemake does with a path that holds a space or an apostrophe.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iop_outcomes.errors import StudyError

if TYPE_CHECKING:
    from iop_outcomes.protocol import Study


def records(study: Study) -> list[str]:
    """The files that the source will read, once everything that can be told before the first job has been checked.

    Raises StudyError where a file is missing, data are given to a cohort that reads none, the disclosure settings are
    looser than their policy, or an allowance of the identifier gate is not fit to be recorded.
    """
    from iop_outcomes import sources
    from iop_outcomes.release import policy

    policy.asked(study.disclosure)
    if study.privacy.allow:
        from iop_outcomes.privacy import identifiers

        identifiers.check_privacy(study.privacy.model_dump())
    tables = study.source.tables.values()
    queried = bool(tables) and all(mapped.query for mapped in tables)
    if study.data and (queried or study.source.kind in sources.FILELESS):
        how = "comes from a database" if queried else f"is {study.source.kind}"
        raise StudyError(
            f"The data {study.data} are given, but the cohort '{study.cohort}' {how} and reads no file. Name the "
            "cohort that reads them with COHORT= (`cohort` in the config), or leave DATA= (`data`) out."
        )
    return sources.inputs(study.source.kind, study.source.model_dump())


def ledgers(study: Study) -> list[str]:
    """The ledgers of earlier releases. Raises StudyError for one that is not there, or that this run would write."""
    own = Path(study.results, study.cohort, "release").resolve()
    for path in map(Path, study.disclosure.ledger):
        if own in path.resolve().parents:
            raise StudyError(
                f"`disclosure: ledger` names {path}, which this run writes itself. Keep the ledger of an earlier "
                f"release elsewhere, such as config/ledgers/{study.cohort}_1.csv, and name that."
            )
        if not path.is_file():
            raise StudyError(
                f"`disclosure: ledger` names {path}, which is not there. It is the file ledger.csv of an earlier "
                "release of this cohort; without it nobody can tell what the two give away together."
            )
    return list(study.disclosure.ledger)


def verdicts_beside(ledgers: Iterable[str]) -> list[str]:
    """The tables of verdicts that lie beside the ledgers of earlier releases, by the names that releases give them."""
    beside = (Path(path).with_name("verdicts.csv") for path in ledgers if Path(path).name == "ledger.csv")
    return [str(path) for path in beside if path.is_file()]


def as_typed(config: Mapping[str, Any], given: Mapping[str, Any], typed: Iterable[str]) -> dict[str, Any]:
    """The config with the texts of `--config` as they were typed.

    Snakemake reads 2024_11 as 202411, 2.10 as 2.1, false as a truth, and `a: b` as a mapping, where a name or a path
    is meant. given: what it made of `--config`; typed: its arguments, as key=value; quotation marks around a text are
    left out. Keys that hold no text stay as Snakemake read them; so does what an importing workflow has changed since.
    """
    found = dict(config)
    for argument in typed:
        key, _, text = argument.partition("=")
        if key in _texts() and text and key in given and found.get(key) == given[key]:
            quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
            found[key] = text[1:-1] if quoted else text
    return found


def _texts() -> set[str]:
    """The keys of a study that hold text."""
    from iop_outcomes.protocol import Study

    return {name for name, field in Study.model_fields.items() if field.annotation in (str, str | None)}


def check_names(paths: Iterable[str]) -> None:
    """Raise StudyError for a path that Snakemake would not take as it is."""
    braced = next((path for path in paths if "{" in path or "}" in path), None)
    if braced:
        raise StudyError(
            f"{braced}: Snakemake takes what stands between braces in a path for a wildcard. Rename the folder or the "
            "file so that its name has none."
        )


def source_module(kind: str) -> str:
    """The module that reads a kind of source, by its dotted name within the package."""
    from iop_outcomes import sources

    return sources.MODULES[kind].removeprefix("iop_outcomes.")


def lock_file() -> list[str]:
    """The lock file of the environment, where the package runs from its checkout."""
    lock = Path(__file__).resolve().parents[3] / "uv.lock"
    if not lock.is_file():
        return []
    # by its relative name where there is one, so that a project that has moved is the same
    here = Path.cwd().resolve()
    return [str(lock.relative_to(here) if lock.is_relative_to(here) else lock)]


def name_interpreter() -> None:
    """Have the interpreter named by its file alone, with its folder first on the PATH, where its path needs quoting.

    Snakemake (9.27) starts the jobs of `script:` by the interpreter's path as it is, and a shell takes a space in it
    for the end of the program's name.
    """
    folder, name = os.path.split(sys.executable)
    if name and shlex.quote(sys.executable) != sys.executable:
        os.environ["PATH"] = os.pathsep.join(part for part in (folder, os.environ.get("PATH")) if part)
        sys.executable = name
