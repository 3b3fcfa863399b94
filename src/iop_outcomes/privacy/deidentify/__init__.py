"""`iop-outcomes deidentify`: an export with identifiers into one that passes the identifier gate.

In order: every table is read as a mapping reads it (files), and rows that cannot be trusted are set aside; its columns
get their roles (roles); each person's first date in any file is found; person
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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from iop_outcomes.errors import StudyError
from iop_outcomes.files import owner, text_cells
from iop_outcomes.privacy.deidentify.keys import Key
from iop_outcomes.privacy.deidentify.roles import Options, Role
from iop_outcomes.privacy.shifted import NOTE, Note

if TYPE_CHECKING:
    import pandas as pd

    from iop_outcomes.privacy.deidentify.files import Part
    from iop_outcomes.privacy.deidentify.transform import Outcome, Setting

__all__ = ["Key", "Options", "Summary", "run"]


@dataclass(frozen=True)
class Summary:
    """What became of one table: its name, the rows that are written, and each column in the order of the file; the name
    it is written under; the rows that were set aside, by the rule they break.
    """

    file: str
    rows: int
    columns: list[Outcome]
    written: str
    set_aside: Mapping[str, int]


def run(paths: Sequence[Path], out: Path, key: Key, options: Options) -> list[Summary]:
    """De-identify files into the folder `out`, under their own names. Raises StudyError, and then writes nothing."""
    from iop_outcomes.privacy.deidentify import files, roles, transform

    parts = files.parts([Path(path) for path in paths], options.reading)
    _check_folder(out)
    decided: dict[str, list[Role]] = {}
    first: dict[str, float] = {}
    names = {}
    for part in parts:
        found = files.read(part, transform.serials(options))
        names[part.name] = list(found.frame.columns)
        roles.check_names_of(part.name, options, names[part.name])
        decided[part.name] = _roles(found.frame, options)
        dated = {role.column for role in decided[part.name] if role.kind in ("date", "birth")}
        text_cells.refuse_doubted(part.name, found.doubts, dated)
        for who, day in transform.first_days(found.frame, decided[part.name], part.name, options).items():
            first[str(who)] = min(float(day), first.get(str(who), float(day)))
    roles.check_known(options, names)
    setting = transform.Setting(key, options, first)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as waiting:
        summaries = [_one(part, Path(waiting), decided[part.name], setting) for part in parts]
        (Path(waiting) / NOTE).write_text(_note(summaries, key, options).text(), encoding="utf-8")
        out.mkdir(exist_ok=True)
        owner.only(out)
        for name in (*(part.target for part in parts), NOTE):
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
        {summary.written: summary.set_aside for summary in summaries if summary.set_aside},
    )


def _check_folder(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise StudyError(f"{out} is not an empty folder. Expected a new or an empty one, so that nothing is mixed up.")


def _roles(frame: pd.DataFrame, options: Options) -> list[Role]:
    from iop_outcomes.privacy.deidentify import roles
    from iop_outcomes.privacy.identifiers import contents, scan

    columns = list(contents.columns(frame))
    return roles.decide(columns, scan.scan(columns, options.dates), options)


def _one(part: Part, folder: Path, decided: Sequence[Role], setting: Setting) -> Summary:
    """One table written into a folder, without the columns in which the gate still finds something."""
    from iop_outcomes.privacy import identifiers
    from iop_outcomes.privacy.deidentify import files, transform

    found = files.read(part, transform.serials(setting.options))
    made, outcomes = transform.apply(found.frame, decided, part.name, setting)
    permitted = {role.column for role in decided if role.kind == "keep" and role.found}
    still: dict[str, list[str]] = {}
    for finding in identifiers.findings(made):
        if finding.column not in permitted and (finding.rule != "dates" or setting.options.relative):
            still.setdefault(finding.column, []).append(finding.rule)
    files.write(made.drop(columns=list(still)), folder / part.target)
    outcomes = [replace(one, moved="") if one.moved in still else one for one in outcomes]
    extra = [transform.Outcome(c, f"dropped: the gate finds {', '.join(dict.fromkeys(r))}", int(made[c].notna().sum()))
             for c, r in still.items()]  # fmt: skip
    return Summary(part.name, len(found.frame), [*outcomes, *extra], part.target, found.set_aside)
