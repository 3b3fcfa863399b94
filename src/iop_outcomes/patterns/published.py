"""The endpoints of published trials of opioid use, and those that a user adds: rows found by name and version.

The table is data/reference/endpoints_published.csv. Names are those of CTNote (Odom, Brandt and others), which computes
53 of them from three harmonised trials of the NIDA Clinical Trials Network; data/reference/endpoints_sources.csv has
the reports that they come from, docs/endpoints.md the differences between the two versions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from iop_outcomes.errors import StudyError
from iop_outcomes.patterns.definition import Definition, definitions, nearest
from iop_outcomes.patterns.words import TEST
from iop_outcomes.tables import reference

FILE = "endpoints_published.csv"
# version of a definition that a study writes itself
OWN = "own"


@cache
def published() -> tuple[Definition, ...]:
    """All rows of the table, in its order."""
    return tuple(definitions(reference.rows(FILE), FILE))


def versions(rows: Iterable[Definition]) -> tuple[str, ...]:
    """The versions that rows are of, in their order."""
    return tuple(dict.fromkeys(row.version for row in rows))


def find(names: Sequence[str], version: str, rows: Sequence[Definition]) -> dict[str, list[Definition]]:
    """The rows of each endpoint by name: all of a version where none is named.

    Either column of a time to an event names it (`RsT_...` and `RsE_...` are `Rs_...`). Raises StudyError with the
    nearest name where one is not known, or not in this version.
    """
    if version not in versions(rows):
        raise StudyError(f"The version '{version}' of an endpoint is not known.{nearest(version, versions(rows))}")
    known: dict[str, list[Definition]] = {}
    for row in rows:
        if row.version == version:
            known.setdefault(row.name, []).append(row)
    if not names:
        return known
    called = {output: name for name, own in known.items() for output in (name, *own[0].outputs)}
    found = {}
    for name in names:
        if name not in called:
            others = [one for one in versions(rows) if any(r.name == name and r.version == one for r in rows)]
            elsewhere = f" There is one as {' and '.join(others)}." if others else nearest(name, called)
            raise StudyError(f"The endpoint '{name}' is not known {version.replace('_', ' ')}.{elsewhere}")
        found[called[name]] = known[called[name]]
    return found


def written(cell: str, version: str, name: str, value: str) -> list[Definition]:
    """The rows of an endpoint as a cell of a study gives it: a name of this version, or a definition.

    A definition is columns with their cells: 'statistic = longest_run | counts = negative | at_least = 6'. name, value:
    of the endpoint that it makes. Raises StudyError; also where an endpoint of the name has another value.
    """
    if "=" not in cell:
        rows = next(iter(find([cell], version, published()).values()))
    else:
        pairs = [part.partition("=")[::2] for part in cell.split("|")]
        cells = {column.strip(): content.strip() for column, content in pairs}
        columns = [column.strip() for column, _ in pairs]
        if twice := [column for column in cells if columns.count(column) > 1]:
            raise StudyError(f"the definition says `{twice[0]}` twice, and only one could count. Leave one out.")
        if said := [column for column in ("name", "version", "value") if column in cells]:
            raise StudyError(f"the definition says `{said[0]}`, which its row and kind say already. Leave it out.")
        rows = definitions([{"name": name, "version": OWN, "value": value, **cells}], "the definition")
        _of_ones_own(rows)
    if rows[0].value != value:
        raise StudyError(f"The endpoint '{rows[0].name}' is of the value '{rows[0].value}', and '{value}' is wanted.")
    return rows


def _of_ones_own(rows: Sequence[Definition]) -> None:
    """Nothing is filled in that only tells of a published trial how it tested, and changes no value."""
    for row in rows:
        if row.tests_per_week != 1 and row.unit != TEST:
            raise StudyError(
                f"{row.where}: `tests_per_week` is for `unit = {TEST}`; of weeks, one state is read. Leave it out, or "
                "set the unit."
            )


def added(rows: Iterable[Mapping[str, str]], source: str) -> tuple[Definition, ...]:
    """The published endpoints and the rows of a table of one's own. Raises StudyError where a name is taken, and for
    what is wrong in a row."""
    own = definitions(rows, source)
    _of_ones_own(own)
    taken = {(row.name, row.version) for row in published()}
    twice = next((row for row in own if (row.name, row.version) in taken), None)
    if twice is not None:
        raise StudyError(
            f"{twice.where}: an endpoint of this name is published already ({twice.version}). Give it another one."
        )
    return (*published(), *own)
