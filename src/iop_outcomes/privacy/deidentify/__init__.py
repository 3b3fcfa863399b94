"""`iop-outcomes deidentify`: an export with identifiers into one that passes the identifier gate.

In order: every file is read; its columns get their roles (roles); each person's first date in any file is found; person
identifiers become pseudonyms under a key, the same in every file and run; every date of a person moves by the same
number of days, which follows from the key, or becomes whole days from the person's first date; ages over 89 become 90,
birth dates an age, ZIP codes three digits; names, numbers, addresses, free text and what is undecided are dropped. What
the gate still finds in the result is dropped too. Rows keep their order. Nothing is written before all files are done;
only the owner can read it. The end of observation is carried with each person, where the day is given: no date of the
calendar fits dates that moved. A note beside the files (`iop_outcomes.privacy.shifted`) says what became of dates, for
whoever reads them.

Shifted dates keep every interval within a person, and are still dates: under Safe Harbor (45 CFR 164.514(b)(2)) they
need a limited data set with its agreement, or an expert's determination. Relative days are none. Day 0 of relative days
is the first date in the files that were given; a later export may begin elsewhere.

Refuses a weak key, an output folder that is not empty, files without the column of person identifiers, options that
name no column, and dates that can be read in two ways. No message holds a value.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from iop_outcomes import owner
from iop_outcomes.errors import StudyError
from iop_outcomes.privacy.deidentify.keys import Key
from iop_outcomes.privacy.deidentify.roles import Options, Role
from iop_outcomes.privacy.shifted import NOTE, Note

if TYPE_CHECKING:
    import pandas as pd

    from iop_outcomes.privacy.deidentify.transform import Outcome, Setting

__all__ = ["Key", "Options", "Summary", "run"]


@dataclass(frozen=True)
class Summary:
    """What became of one file: its name, its rows, and each column in the order of the file; the name it is written
    under.
    """

    file: str
    rows: int
    columns: list[Outcome]
    written: str = ""


def run(paths: Sequence[Path], out: Path, key: Key, options: Options) -> list[Summary]:
    """De-identify files into the folder `out`, under their own names. Raises StudyError, and then writes nothing."""
    from iop_outcomes.privacy.deidentify import files, roles, transform

    paths = [Path(path) for path in paths]
    files.check(paths, options.reading)
    _check_folder(out)
    decided: dict[Path, list[Role]] = {}
    first: dict[str, float] = {}
    names = {}
    for path in paths:
        frame = files.read(path, options.reading)
        names[path.name] = list(frame.columns)
        roles.check_names_of(path.name, options, names[path.name])
        decided[path] = _roles(frame, options)
        for who, day in transform.first_days(frame, decided[path], path.name, options).items():
            first[str(who)] = min(float(day), first.get(str(who), float(day)))
    roles.check_known(options, names)
    setting = transform.Setting(key, options, first)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as waiting:
        summaries = [_one(path, Path(waiting) / files.target(path), decided[path], setting) for path in paths]
        (Path(waiting) / NOTE).write_text(_note(summaries, key, options).text(), encoding="utf-8")
        out.mkdir(exist_ok=True)
        owner.only(out)
        for name in (*(files.target(path) for path in paths), NOTE):
            shutil.move(Path(waiting) / name, out / name)
    for written in out.iterdir():
        owner.only(written)
    return summaries


def _note(summaries: Sequence[Summary], key: Key, options: Options) -> Note:
    return Note(
        "relative" if options.relative else "shifted",
        # as people are renamed and dates moved by the key, files of two keys do not belong together
        key.pseudonym("note", "key"),
        {summary.written: [c.moved for c in summary.columns if c.moved] for summary in summaries},
        options.extract is not None,
        bool(options.entry_period),
    )


def _check_folder(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise StudyError(f"{out} is not an empty folder. Expected a new or an empty one, so that nothing is mixed up.")


def _roles(frame: pd.DataFrame, options: Options) -> list[Role]:
    from iop_outcomes.privacy.deidentify import roles
    from iop_outcomes.privacy.identifiers import contents, scan

    columns = list(contents.columns(frame))
    return roles.decide(columns, scan.scan(columns, options.dates), options)


def _one(path: Path, target: Path, decided: Sequence[Role], setting: Setting) -> Summary:
    """One file written to `target`, without the columns in which the gate still finds something."""
    from iop_outcomes.privacy import identifiers
    from iop_outcomes.privacy.deidentify import files, transform

    frame = files.read(path, setting.options.reading)
    made, outcomes = transform.apply(frame, decided, path.name, setting)
    permitted = {role.column for role in decided if role.kind == "keep" and role.found}
    still: dict[str, list[str]] = {}
    for finding in identifiers.findings(made):
        if finding.column not in permitted and (finding.rule != "dates" or setting.options.relative):
            still.setdefault(finding.column, []).append(finding.rule)
    files.write(made.drop(columns=list(still)), target)
    outcomes = [replace(one, moved="") if one.moved in still else one for one in outcomes]
    extra = [transform.Outcome(c, f"dropped: the gate finds {', '.join(dict.fromkeys(r))}", int(made[c].notna().sum()))
             for c, r in still.items()]  # fmt: skip
    return Summary(path.name, len(frame), [*outcomes, *extra], target.name)
