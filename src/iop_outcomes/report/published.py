"""This file's completion of treatment by service beside what SAMHSA published for 2004: context, not a comparison.

The published figures are a table of the package (data/reference/tedsd/published_2004.csv), with their source. The
service of methadone clinics stands apart there, and is part of outpatient care in the public files of later years.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.presentation import numbers, recorded, told
from iop_outcomes.presentation.labels import words
from iop_outcomes.presentation.told import WITHHELD, Told
from iop_outcomes.protocol import AsRun
from iop_outcomes.report.document import Block, Line, Table
from iop_outcomes.report.parts import Part
from iop_outcomes.tables import reference
from iop_outcomes.tables.results import COMPLETION
from iop_outcomes.vocabulary.causes import COMPLETED, TRANSFERRED

if TYPE_CHECKING:
    import pandas as pd

FILE = "tedsd/published_2004.csv"
KIND = "tedsd"
ENDS = (COMPLETED, TRANSFERRED)
TOTAL = "total"
# services of the file that the published table counts as one
TOGETHER = {
    "detoxification, hospital inpatient": "detoxification",
    "detoxification, residential": "detoxification",
    "detoxification, outpatient": "detoxification",
}
PUBLISHER = "Substance Abuse and Mental Health Services Administration"


def beside(counts: pd.DataFrame, study: AsRun) -> Part | None:
    """The table as a part of the section; None for other sources, or where nothing was counted."""
    own = recorded.of(counts, COMPLETION)
    if study.source.kind != KIND or own.empty:
        return None
    published = {row["service"]: row for row in reference.rows(FILE)}
    here = {
        str(service): _ends(rows)
        for service, rows in own.assign(service=own["group"].replace(TOGETHER)).groupby("service")
    }
    then = {name: {end: Told(*[float(row[end])] * 3) for end in (*ENDS, TOTAL)} for name, row in published.items()}
    lines = [
        Line(words(service), (*_shown(here.get(service)), *_shown(then.get(service))))
        for service in dict.fromkeys([*published, *here])
    ]
    heads = [
        f"{head}{when}" for when in (" in this file", " in 2004") for head in ("Discharges", "Completed", "Transferred")
    ]
    columns = ("Service", *heads)
    source = next(iter(published.values()))["url"]
    said = (
        f"For context, what the {PUBLISHER} published of discharges in 2004. The two are not compared: years, states, "
        "services and the people in them differ, and completing a short stay asks less than completing a long one.",
        f"Methadone clinics stand apart in the figures of 2004. Source: {source}",
    )
    table = Table("Completion of treatment by service", columns, (Block("", tuple(lines)),))
    return Part("Beside the national figures of 2004", said, (), (table,))


def _ends(rows: pd.DataFrame) -> dict[str, Told]:
    """Discharges of a service, those completed and those transferred, as far as they are told."""
    return {end: told.together(rows[rows["level"] == end]) for end in ENDS} | {TOTAL: told.together(rows)}


def _shown(ends: dict[str, Told] | None) -> tuple[str, ...]:
    """Discharges, and how many of them ended how; dashes where there are none."""
    if ends is None or ends[TOTAL].high == 0:
        return (numbers.DASH,) * (1 + len(ENDS))
    total = ends[TOTAL]
    return (
        WITHHELD if total.count is None else numbers.count(total.count),
        *(_with_share(ends[end], total) for end in ENDS),
    )


def _with_share(people: Told, total: Told) -> str:
    share = people.within(total)
    return f"{numbers.count(people.count)} ({numbers.percent(*share)})" if share else WITHHELD
