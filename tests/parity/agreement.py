"""The table of agreement with other implementations, docs/agreement.csv, as the parity tests find it.

Every comparison of a parity test (`agree(ours, reference, tolerance)`) is a row: where it stands, what is compared, how
many values, the worst of them beside its reference, and the tolerance. `make agreement` writes it.
"""

from __future__ import annotations

import ast
import csv
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

COLUMNS = ["topic", "comparison", "quantity", "values", "reference", "ours", "difference", "tolerance"]
Row = dict[str, Any]


@cache
def quantities(path: Path) -> dict[tuple[str, int], str]:
    """(function, first line) -> what is compared, for every call of `agree` in a file of tests."""
    source = path.read_text()
    found = {}
    for function in [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef)]:
        for call in [n for n in ast.walk(function) if isinstance(n, ast.Call)]:
            if isinstance(call.func, ast.Name) and call.func.id == "agree":
                text = " ".join((ast.get_source_segment(source, call.args[0]) or "").split())
                found[function.name, call.lineno] = text.replace("found.", "").replace("estimate.", "")
    return found


class Agreement:
    """What was compared so far: one row for each place, holding its worst comparison."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, str], Row] = {}

    def note(self, path: Path, function: str, line: int, mine: Any, reference: Any, gap: Any, tolerance: float) -> None:
        """Add one comparison: ours and the reference (k,), their differences on the scale of the tolerance (k,)."""
        topic, comparison = path.stem.removeprefix("test_parity_"), function.removeprefix("test_").replace("_", " ")
        key = (topic, comparison, quantities(path).get((function, line), ""))
        worst = int(np.argmax(gap))
        before = self.rows.get(key)
        values = len(gap) + (before["values"] if before else 0)
        if before and before["difference"] / before["tolerance"] >= gap[worst] / tolerance:
            before["values"] = values
            return
        self.rows[key] = {
            "values": values, "reference": reference[worst], "ours": mine[worst], "difference": float(gap[worst]),
            "tolerance": tolerance,
        }  # fmt: skip

    def write(self, path: Path) -> None:
        """The table, sorted."""
        with path.open("w", newline="", encoding="utf-8") as out:
            table = csv.DictWriter(out, COLUMNS, lineterminator="\n")
            table.writeheader()
            for (topic, comparison, quantity), row in sorted(self.rows.items()):
                shown = {k: f"{row[k]:.9g}" for k in ("reference", "ours")}
                shown |= {k: f"{row[k]:.1e}" for k in ("difference", "tolerance")}
                names = {"topic": topic, "comparison": comparison, "quantity": quantity}
                table.writerow(names | {"values": row["values"]} | shown)
