"""The ledger of a release: what it told of each cell, for the next release of the same cohort to be held against.

One row for each cell: a hash of its key in place of its name, and the range of people that was told. It says nothing
that the released counts do not say. Every row carries the seal, a hash over the cohort, the policy and all rows, so
that a ledger that was edited, cut short or put together of two is refused, as are those of another cohort or policy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from iop_outcomes.errors import StudyError
from iop_outcomes.release.days import AT_RISK, Cell
from iop_outcomes.release.held import Held, Told, held_against, once_more
from iop_outcomes.release.policy import Policy
from iop_outcomes.release.suppression import protect
from iop_outcomes.release.system import Shown, System
from iop_outcomes.release.told import LifeTables
from iop_outcomes.vocabulary.methods import CRUDE

if TYPE_CHECKING:
    import pandas as pd

LENGTH = 16
BETWEEN_KEY_PARTS = "\x1f"
RANGE = ("rounded_to", "count_low", "count_high")


def hashed(cohort: str, key: Sequence[object]) -> str:
    """The short hash by which a ledger names a cell. key: what tells the cell apart, in the order of its table."""
    parts = (cohort, *("" if _missing(part) else str(part) for part in key))
    return hashlib.sha256(BETWEEN_KEY_PARTS.join(parts).encode()).hexdigest()[:LENGTH]


def keys_of(counts: pd.DataFrame) -> list[str]:
    """The hash of each row of counts, in its order."""
    from iop_outcomes.tables import TABLES

    columns = [counts[name].astype(object) for name in TABLES["counts"].key]
    return [hashed(cohort, key) for cohort, *key in zip(counts["cohort"], *columns, strict=True)]


def of_day(table: Sequence[str], day: int, level: str) -> str:
    """The hash of a cumulative number of a life table. table: its key, analysis and cohort first."""
    return hashed(table[1], ("life", *table, day, level))


def held(counts: pd.DataFrame, cells: Sequence[Cell], system: System, before: Sequence[Told], policy: Policy) -> Held:
    """To what each cell of a system is rounded at least for the sake of what earlier releases told.

    counts, cells: rows of counts and cells of life tables, in the order in which they stand in the system.
    """
    keys = of_cells(counts, cells) if before else [""] * len(system.people)
    return held_against(keys, system.people, system.lines, before, policy, system.bases)


def of_cells(counts: pd.DataFrame, cells: Sequence[Cell]) -> list[str]:
    """The hashes of rows of counts, and then of cells of life tables."""
    return [*keys_of(counts), *(of_day(cell.table, cell.day, cell.level) for cell in cells)]


def shown(
    counts: pd.DataFrame, cells: Sequence[Cell], system: System, held: Held, before: Sequence[Told], policy: Policy
) -> Shown:
    """What is told of each cell of a system that is held against what earlier releases told, until they give nothing
    away together.
    """
    while True:
        told = protect(held.over(system), policy, policy.rounding_base)
        if not held.moved:
            return told
        again = once_more(held, of_cells(counts, cells), system, before, told, policy)
        if again == held:
            return told
        held = again


def written(counts: pd.DataFrame, curves: pd.DataFrame, life: LifeTables, policy: Policy) -> pd.DataFrame:
    """The ledger of released counts, sorted by cell: those that are told, and those that are withheld without a range;
    and of the cumulative numbers that crude curves show.

    life: life tables as they are told. policy: under which they were released.
    """
    import pandas as pd

    from iop_outcomes.tables import TABLES

    table = TABLES["ledger"]
    own = counts[["cohort", *RANGE]].assign(cell=pd.Series(keys_of(counts), dtype=object, index=counts.index))
    known = set(own["cell"])
    further = [row for row in _of_curves(curves, life) if row["cell"] not in known]
    parts = [own, pd.DataFrame(further, columns=list(own.columns)).astype(own.dtypes)]
    rows = pd.concat([p for p in parts if len(p)] or [own], ignore_index=True)
    rows = rows.assign(policy=policy.name, minimum_count=policy.minimum_count)
    rows = rows.sort_values("cell", kind="stable", ignore_index=True)
    rows = rows.assign(seal=seal(rows))
    return table.cast(pd.DataFrame(rows)[list(table.columns)])


def _of_curves(curves: pd.DataFrame, life: LifeTables) -> list[dict[str, object]]:
    """The numbers of life tables that released crude curves are drawn through: of each way on a day, and at risk."""
    crude = curves[(curves["method"] == CRUDE) & (curves["axis"] == "days")]
    columns = ("analysis", "contrast", "arm", "outcome", "x")
    shown = set(zip(*(crude[name] for name in columns), strict=True))
    arms = {place[:3] for place in shown}
    found: dict[str, dict[str, object]] = {}
    for key, seen in life.seen.items():
        analysis, cohort, contrast, arm, _ = key
        told = [(0, AT_RISK, seen.people)] if (analysis, contrast, arm) in arms else []
        for way in seen.ways:
            points = zip(way.days, way.told, strict=True)
            told += [(d, way.name, t) for d, t in points if (analysis, contrast, arm, way.name, d) in shown]
        for day, level, number in told:
            # what is told at horizons are rows of counts
            if day in life.tables[key].horizons or (day == 0 and level != AT_RISK):
                continue
            cell = of_day(life.tables[key].key, day, level)
            exact = 1 if number.low == number.high else None
            said = dict(zip(RANGE, (exact, number.low, number.high), strict=True))
            found[cell] = {"cohort": cohort, "cell": cell, **said}
    return list(found.values())


def seal(rows: pd.DataFrame) -> str:
    """The hash over all that the rows of a ledger say: a frame in which missing numbers are pandas' own."""
    said = ["cohort", "policy", "minimum_count", "cell", *RANGE]
    total = hashlib.sha256()
    for row in zip(*(rows[name].astype(object) for name in said), strict=True):
        total.update(BETWEEN_KEY_PARTS.join("" if _missing(v) else str(v) for v in row).encode() + b"\n")
    return total.hexdigest()[: 2 * LENGTH]


def read(paths: Sequence[str] | str, cohort: str, policy: Policy) -> list[Told]:
    """What the ledgers of earlier releases told, in the order of their paths. Raises StudyError as the module says."""
    return [_read_one(Path(path), cohort, policy) for path in ([paths] if isinstance(paths, str) else paths)]


def _read_one(path: Path, cohort: str, policy: Policy) -> Told:
    from iop_outcomes.errors import TableError
    from iop_outcomes.steps import store

    try:
        rows = store.read("ledger", [path])
    except TableError as wrong:
        raise StudyError(
            f"{path} is no ledger of a release ({wrong}). `disclosure: ledger` names the file ledger.csv of an earlier "
            "release of this cohort, as it was released."
        ) from None
    told = {name: sorted(set(rows[name].astype(str))) for name in ("cohort", "policy", "seal")}
    if not len(rows) or told["seal"] != [seal(rows)]:
        raise StudyError(
            f"{path} is not as it was released: rows were changed, added or taken away, so that it cannot say what "
            "was told. Take ledger.csv of the earlier release again, from where it was published or archived."
        )
    if told["cohort"] != [cohort]:
        raise StudyError(
            f"{path} is the ledger of the cohort '{told['cohort'][0]}', and this run is of '{cohort}'. A release is "
            f"held against earlier ones of its own cohort: name the ledger of '{cohort}' under `disclosure: ledger`, "
            "or leave the key out for a first release."
        )
    if told["policy"] != [policy.name]:
        raise StudyError(
            f"{path} was released under the policy '{told['policy'][0]}', and this run asks for '{policy.name}'. Two "
            "policies hide different things, and together show them. Release under the earlier policy, or ask your "
            "data protection officer and publish under another name of the cohort."
        )
    shown = rows[rows["count_low"].notna() & rows["count_high"].notna()]
    ranges = zip(shown["cell"], shown["count_low"], shown["count_high"], strict=True)
    return {str(cell): (int(low), int(high)) for cell, low, high in ranges}


def _missing(value: object) -> bool:
    """Missing as pandas or Python says it."""
    return value is None or str(value) in ("<NA>", "nan")
