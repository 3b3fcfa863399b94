"""This file's completion of treatment by service beside what SAMHSA published for 2004: context, not a comparison.

The published figures are a table of the package (data/reference/tedsd/published_2004.csv), with their source. The
service of methadone clinics stands apart there, and is part of outpatient care in the public files of later years.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes import reference
from iop_outcomes.figures import numbers, recorded
from iop_outcomes.figures.labels import Study, words
from iop_outcomes.report.parts import Part
from iop_outcomes.report.results import WITHHELD, Block, Line, Table

if TYPE_CHECKING:
    import pandas as pd

FILE = "tedsd/published_2004.csv"
KIND = "tedsd"
NOT_HERE = "not in this study"
PUBLISHER = "Substance Abuse and Mental Health Services Administration"


def beside(counts: pd.DataFrame, study: Study) -> Part | None:
    """The table as a part of the section; None for other sources, or where nothing was counted."""
    own = recorded.of(counts, "completion")
    if study["source"]["kind"] != KIND or own.empty:
        return None
    published = {row["service"]: row for row in reference.rows(FILE)}
    mine = own.assign(service=own["arm"].str.split(",").str[0]).groupby("service", sort=True)
    here = {str(service): _completed(rows) for service, rows in mine}
    lines = []
    for service in dict.fromkeys([*published, *here]):
        row = published.get(service)
        then = _shown(float(row["total"]), float(row["completed"])) if row else (numbers.DASH, numbers.DASH)
        now = _shown(*here[service]) if service in here else (NOT_HERE, numbers.DASH)
        lines.append(Line(words(service), (*now, *then)))
    columns = ("Service", "Discharges in this file", "Completed", "Discharges in 2004", "Completed in 2004")
    source = next(iter(published.values()))["url"]
    said = (
        f"For context, what the {PUBLISHER} published of discharges in 2004. The two are not compared: years, states, "
        "services and the people in them differ, and completing a short stay asks less than completing a long one.",
        f"Methadone clinics stand apart in the figures of 2004. Source: {source}",
    )
    table = Table("Completion of treatment by service", columns, (Block("", tuple(lines)),))
    return Part("Beside the national figures of 2004", said, (), (table,))


def _completed(rows: pd.DataFrame) -> tuple[float | None, float | None]:
    """Discharges and completed ones; None where a cell is withheld."""
    done = rows.loc[rows["level"] == "completed", "people"]
    whole = float(rows["people"].sum()) if rows["people"].notna().all() else None
    return whole, float(done.sum()) if done.notna().all() else None


def _shown(whole: float | None, done: float | None) -> tuple[str, str]:
    """Discharges, and those completed with their share."""
    if whole is None or done is None:
        return (numbers.count(whole) if whole is not None else WITHHELD, WITHHELD)
    return numbers.count(whole), f"{numbers.count(done)} ({numbers.percent(done / whole)})" if whole else numbers.DASH
