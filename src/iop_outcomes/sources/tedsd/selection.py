"""Which discharges of TEDS-D come in, and how many do not and why.

In order: discharges of other years, detoxification, services that were not asked for, and what the random sample leaves
out. A row whose service or year is in no list of codes stays in: it is quarantined later, under its name.

The sample is drawn by a number that follows from the seed, the year and the record alone, so that neither the order of
rows nor that of files matters; the discharges with the lowest numbers come in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iop_outcomes.codebooks.tedsd import codes
from iop_outcomes.sources.tedsd import recode
from iop_outcomes.sources.tedsd.recode import Rows
from iop_outcomes.tables import TABLES

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

SERVICES = (3, 4, 5, 6, 7)
DETOXIFICATION = (1, 2, 8)
SEED = 20260101
# each discharge is a person and a stay
FILLED = ("persons", "stays")


@dataclass
class Arrived:
    """How many discharges did not come in, by the reason."""

    left_out: Counter[str] = field(default_factory=Counter)

    def table(self) -> pd.DataFrame:
        """The table arrivals, without the rows read."""
        import pandas as pd

        rows = [(name, f"excluded: {why}", n) for name in FILLED for why, n in sorted(self.left_out.items()) if n]
        frame = pd.DataFrame(rows, columns=["table", "outcome", "rows"])
        return frame if rows else TABLES["arrivals"].empty()


def selected(
    tables: Iterator[tuple[Path, pa.Table]], settings: Mapping[str, object], arrived: Arrived
) -> list[tuple[Path, Rows]]:
    """The rows that come in, by file. arrived: is told of the others."""
    size = settings.get("sample")
    drawn = _Sample(int(str(size)) if size else None, int(str(settings.get("seed") or SEED)))
    for path, table in tables:
        rows = recode.rows_of(table)
        del table
        keep = _asked(rows, settings, arrived)
        drawn.add(path, rows if keep.all() else rows.take(keep))
    arrived.left_out["not in the sample"] += drawn.left_out
    return drawn.parts


def _asked(rows: Rows, settings: Mapping[str, object], arrived: Arrived) -> NDArray[np.bool_]:
    """Rows of the years and services asked for."""
    import numpy as np

    years: Any = settings.get("years") or ()
    services: Any = settings.get("services") or SERVICES
    keep = np.ones(len(rows), dtype=np.bool_)
    if years:
        known = (rows.year >= codes.FIRST_YEAR) & (rows.year <= codes.LAST_YEAR)
        keep = ~known | np.isin(rows.year, np.array(years))
        arrived.left_out["discharged in another year"] += int((~keep).sum())
    service = rows.codes["SERVICES"]
    for why, out in (
        ("detoxification", [c for c in DETOXIFICATION if c not in services]),
        ("service not asked for", [c for c in range(1, 9) if c not in (*services, *DETOXIFICATION)]),
    ):
        gone = keep & np.isin(service, np.array(out, dtype=service.dtype))
        arrived.left_out[why] += int(gone.sum())
        keep &= ~gone
    return keep


class _Sample:
    """The rows with the lowest numbers, over all files that were added; all rows without a size."""

    def __init__(self, size: int | None, seed: int) -> None:
        self.size, self.seed = size, seed
        self.parts: list[tuple[Path, Rows]] = []
        self.numbers: list[NDArray[np.uint64]] = []
        self.left_out = 0

    def add(self, path: Path, rows: Rows) -> None:
        import numpy as np

        self.parts.append((path, rows))
        if self.size is None:
            return
        self.numbers.append(_numbers(rows, self.seed))
        together = np.concatenate(self.numbers)
        if len(together) <= self.size:
            return
        highest = np.partition(together, self.size - 1)[self.size - 1]
        keep = [n <= highest for n in self.numbers]
        self.left_out += int(sum((~k).sum() for k in keep))
        self.parts = [(p, r.take(k)) for (p, r), k in zip(self.parts, keep, strict=True)]
        self.numbers = [n[k] for n, k in zip(self.numbers, keep, strict=True)]


def _numbers(rows: Rows, seed: int) -> NDArray[np.uint64]:
    """A number for each discharge that looks random: SplitMix64 (Steele, Lea, Flood 2014) of seed, year and record."""
    import numpy as np

    case = rows.case.fill_null(0).to_numpy().astype(np.uint64)
    with np.errstate(over="ignore"):
        mixed = case * np.uint64(0x9E3779B97F4A7C15) + (rows.year.astype(np.uint64) << np.uint64(48)) + np.uint64(seed)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 0x9E3779B97F4A7C15)):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed ^ (mixed >> np.uint64(32))
