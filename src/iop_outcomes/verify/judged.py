"""Verdicts against the released estimates: made anew from them and from the margins of the study, row by row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from iop_outcomes.presentation import numbers
from iop_outcomes.release import verdicts
from iop_outcomes.study import margins
from iop_outcomes.tables import TABLES
from iop_outcomes.verify.findings import Finding
from iop_outcomes.verify.released import Release
from iop_outcomes.vocabulary.verdicts import EARLIER

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[str, object]
TABLE = TABLES["verdicts"]
# of released digits; people needed are rounded up
EXACT, PEOPLE = 1e-7, 1.0


def check(release: Release) -> Iterator[Finding]:
    """Rows that do not follow. Those by the margin of an earlier release are not looked at: that is not in this one."""
    study = release.study
    asked = margins.judged(study.contrasts, study.margins, study.analyses, study.endpoints)
    anew = _rows(verdicts.made(release.tables["estimates"], asked, study.inference.confidence_level, {}))
    there = _rows(release.tables["verdicts"])
    for key in dict.fromkeys((*anew, *there)):
        place = ", ".join(str(part) for part in key)
        if key not in there or key not in anew:
            what = "is not there, and follows" if key in anew else "is there, and does not follow"
            yield Finding("verdicts.csv", place, f"the row {what} from the released estimates and the study.")
            continue
        for column, declared in TABLE.columns.items():
            stands, should = there[key][column], anew[key][column]
            same = _same(stands, should, column) if declared.kind in ("whole", "number") else stands == should
            if not same:
                says = f"{stands} stands there; {should} follows from the released estimates."
                yield Finding("verdicts.csv", f"{place}, column {column}", says)


def _rows(table: pd.DataFrame) -> dict[tuple[object, ...], Row]:
    own = table[table["by"] != EARLIER].astype(object).to_dict("records")
    return {tuple(row[name] for name in TABLE.key): {str(name): v for name, v in row.items()} for row in own}


def _same(one: object, other: object, column: str) -> bool:
    first, second = numbers.number(one), numbers.number(other)
    if first is None or second is None:
        return first is second
    return abs(first - second) <= (PEOPLE if column == "needed" else EXACT * max(1.0, abs(second)))
