"""What `deidentify` says of the files that it wrote, beside them: how their dates moved, and what was carried along.

A shifted date is a date on no calendar, and a relative one on none at all: words of the calendar (the day up to which
records go, an enrolment, a quarter) fit neither. `deidentify` therefore carries the end of observation with each
person, in a column of its own, and leaves this note, which the reader of a mapping looks for. A file that was moved
without it is still known by that column.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from iop_outcomes.errors import StudyError

if TYPE_CHECKING:
    from iop_outcomes.protocol.records import Source

NOTE = "deidentified.json"
Dates = Literal["shifted", "relative"]
# the end of observation of the person of a row, by what became of dates; and when the person came into the records
OBSERVED_TO: dict[Dates, str] = {"shifted": "observed_to_shifted", "relative": "observed_to_relative"}
ENTRY_PERIOD = "entry_period"


@dataclass(frozen=True)
class Note:
    """dates: what became of dates. key: stands for the key. files: columns with such dates, by file.

    observed_to: the end of observation is carried. entry_period: so is the period of entry. set_aside: rows that could
    not be trusted and are not in the files, by file and rule.
    """

    dates: Dates
    key: str
    files: Mapping[str, Collection[str]] = field(default_factory=dict)
    observed_to: bool = False
    entry_period: bool = False
    set_aside: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def text(self) -> str:
        """The note as it is written: the same for the same files."""
        said = {
            "made_by": "iop-outcomes deidentify",
            "dates": self.dates,
            "key": self.key,
            "observed_to": OBSERVED_TO[self.dates] if self.observed_to else None,
            "entry_period": ENTRY_PERIOD if self.entry_period else None,
            "set_aside": {name: dict(sorted(rules.items())) for name, rules in sorted(self.set_aside.items())},
            "files": {name: sorted(columns) for name, columns in sorted(self.files.items())},
        }
        return json.dumps(said, indent=2, ensure_ascii=False) + "\n"


def note_of(path: Path) -> Note | None:
    """The note beside a file that speaks of it; None without one."""
    try:
        said = json.loads((path.parent / NOTE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    files = said.get("files") if isinstance(said, dict) else None
    if not isinstance(files, dict) or path.name not in files or said.get("dates") not in OBSERVED_TO:
        return None
    return Note(
        said["dates"],
        str(said.get("key", "")),
        {str(name): tuple(map(str, columns)) for name, columns in files.items()},
        bool(said.get("observed_to")),
        bool(said.get("entry_period")),
        _counts(said.get("set_aside")),
    )


def _counts(said: object) -> dict[str, dict[str, int]]:
    """The rows set aside by file and rule; none where a note does not tell them."""
    if not isinstance(said, dict):
        return {}
    found = {str(name): rules for name, rules in said.items() if isinstance(rules, dict)}
    return {name: {str(r): n for r, n in rules.items() if isinstance(n, int)} for name, rules in found.items()}


def told_by(columns: Collection[str]) -> Dates | None:
    """What became of the dates of a file, as far as the names of its columns tell."""
    return next((dates for dates, name in OBSERVED_TO.items() if name in columns), None)


def refuse_calendar(source: Source, dates: Dates, where: str) -> None:
    """Raise StudyError where a mapping speaks of the calendar, or not, beside dates that moved."""
    carried = OBSERVED_TO[dates]
    cure = (
        f"Map `persons.observed_to_day: {carried}`, which `iop-outcomes deidentify --extract-date` writes for each "
        "person, and choose admissions before the dates move."
    )
    if dates == "relative" and source.dates == "calendar":
        raise StudyError(
            f"{where}: dates were written as days from each person's first date, and the mapping says `dates: "
            f"calendar`. Say `dates: relative`. {cure}"
        )
    given = {
        "extract_date": source.extract_date is not None,
        "enrolment": source.enrolment.from_ is not None or source.enrolment.to is not None,
    }
    named = [f"`{key}`" for key, there in given.items() if there]
    if named:
        raise StudyError(
            f"{where}: each person's dates were shifted by a number of days of their own, and the mapping names "
            f"{' and '.join(named)}, a date of the calendar that fits none of them: people would be observed for too "
            f"long or too short a time. Take it out. {cure}"
        )
