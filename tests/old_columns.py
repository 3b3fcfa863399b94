"""Two releases of one study held against each other: one with packed names in its columns, one with keys as columns.

    uv run --locked python tests/old_columns.py <old release folder> <new release folder>

Every row of the old tables and of the figures' CSV files is put into the new columns; then each must be there once,
with the same numbers, status and reason, and no other row. Prints what differs and ends in 1, or how much was the same.
It stands until the format has settled.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

from iop_outcomes.files import csv_text
from iop_outcomes.tables import TABLES

Row = dict[str, str]
# released numbers have ten digits
SAME = 1e-9
MOST = 20
# counted of the records by groups that were called arms: what is counted, and what the groups are
GROUPED = {
    "hours": "level_of_care", "days": "level_of_care", "transition": "from", "completion": "service",
}  # fmt: skip
OF_ARMS = ("effective_sample_size", "largest_weight")
QUESTION = ("detectable_difference", "one_hazard_ratio_p_value")


def read(path: Path) -> list[Row]:
    frame = csv_text.read(pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8"))
    return [{str(k): str(v) for k, v in row.items()} for row in frame.to_dict("records")]


def group(row: Row) -> Row:
    """group_by, group, from_day and to_day of a subgroup."""
    old, arm = row["subgroup"], row.get("arm", "")
    none = {"from_day": "", "to_day": ""}
    if days := re.fullmatch(r"days: (\d+) to (\d+)", old):
        return {"group_by": "all", "group": "all", "from_day": "0" if days[1] == "1" else days[1], "to_day": days[2]}
    if day := re.fullmatch(r"event_free_day_(\d+)", old):
        return {"group_by": "event_free_day", "group": day[1], **none}
    by, between, name = old.partition(": ")
    if between:
        return {"group_by": {"gap": "gap_days"}.get(by, by), "group": name, **none}
    return {"group_by": "all" if old == "all" else "arm", "group": old, **none} if arm or old else none


def count(row: Row) -> Row:
    new = {**row, **group(row), "variable": "all", "detail": "", "position": ""}
    what, _, rest = row["outcome"].partition(": ")
    if row["outcome"].startswith("covariate:"):
        new |= {"outcome": "covariate", "variable": row["outcome"].removeprefix("covariate:")}
    elif row["outcome"].startswith("rows of "):
        level, _, detail = row["level"].partition(": ")
        new |= {"outcome": "rows", "group_by": "table", "group": row["outcome"].removeprefix("rows of ")}
        new |= {"level": level, "detail": detail}
    elif found := re.fullmatch(r"codes (never found in|of) (\w+)\.(\w+)", row["outcome"]):
        never = found[1] != "of"
        level, _, detail = ("never found", "", row["level"]) if never else row["level"].partition(": ")
        new |= {"outcome": "codes_never_found" if never else "codes", "variable": found[3], "group_by": "table"}
        new |= {"group": found[2], "level": level, "detail": detail}
    elif row["outcome"] == "attrition":
        position, _, level = row["level"].partition(" ")
        new |= {"level": level, "position": str(int(position))}
    elif row["analysis"] == "records" and what == "agreement":
        down, across = rest.split(", ")
        new |= {"outcome": what, "variable": across, "group_by": down, "group": row["arm"], "arm": "all"}
    elif row["analysis"] == "records" and what == "completeness":
        new |= {"outcome": what, "variable": rest}
    elif row["analysis"] == "records":
        name, _, step = what.partition(" ")
        if name in GROUPED:
            new |= {"outcome": name, "variable": step or rest.replace(" ", "_") or "all", "arm": "all"}
            new |= {"group_by": GROUPED[name], "group": row["arm"]}
    return new


def measure(row: Row) -> Row:
    """measure and of, from a packed measure; of more and fewer hours as of a dose response."""
    old = row["measure"]
    for name in ("risk", "mean_days"):
        if old.startswith(f"{name}_"):
            hours = row.get("method") == "spline"
            return {"measure": "dose_response" if hours else name, "of": old.removeprefix(f"{name}_")}
    return {"measure": old, "of": "ratio"}


def estimate(row: Row) -> Row:
    return {**row, **group({**row, "arm": "any"}), **measure(row)}


def curve(row: Row) -> Row:
    outcome = re.fullmatch(r"(.*?) \((\w+)\)", row["outcome"]) if row["axis"] == "hours_per_week" else None
    if outcome is None:
        return {**row, "missing_rule": "none", "horizon_days": ""}
    return {**row, "outcome": outcome[1], "missing_rule": outcome[2], "horizon_days": "*"}


def diagnostic(row: Row) -> Row:
    keys = {
        "arm": "all", "outcome": "all", "horizon_days": "", "missing_rule": "none", "level": "all", "group_by": "all",
        "group": "all", "variable": "all",
    }  # fmt: skip
    new, old, quantity = {**row, **keys}, row["variable"], row["quantity"]
    if quantity in QUESTION:
        outcome, day, rule = old.split(":")
        return new | {"outcome": outcome, "horizon_days": day, "missing_rule": rule}
    if quantity == "known_share_from":
        field, _, among = old.partition(" | ")
        by, _, name = among.partition(": ")
        return new | {"outcome": "completeness", "variable": field, "group_by": by, "group": name or by}
    if quantity == "difference_risk":
        found = re.fullmatch(r"(?:(covariate):)?(.*): (\w+), (\w+)", old)
        assert found is not None
        of = {"outcome": found[1], "variable": found[2]} if found[1] else {"outcome": found[2]}
        return new | of | {"group_by": found[3], "group": found[4]}
    if moment := re.fullmatch(r"(mean|standard_deviation)_(\w+)", quantity):
        return new | {"quantity": moment[1], "arm": moment[2], "variable": old}
    if quantity in OF_ARMS:
        return new | {"arm": old}
    if row["analysis"] == "twice":
        return new | {"variable": old}
    variable, _, level = old.partition("=")
    return new | {"variable": variable, "level": level or "all"}


def of_balance(row: Row) -> Row:
    variable, _, level = row["variable"].partition("=")
    return {**row, "variable": variable, "level": level or "all"}


def of_hazards(row: Row) -> Row:
    days = group(row)
    return {**row, "from_day": days["from_day"], "to_day": days["to_day"]}


def of_agreement(row: Row) -> Row:
    if not row.get("definitions"):
        return row
    down, across = row["definitions"].split(", ")
    return {**row, "down": down, "across": across}


TO_NEW: dict[str, Callable[[Row], Row]] = {
    "counts": count, "estimates": estimate, "curves": curve, "diagnostics": diagnostic,
}  # fmt: skip
FIGURES: dict[str, Callable[[Row], Row]] = {
    "balance": of_balance,
    "hazards": of_hazards,
    "agreement": of_agreement,
    "duration": lambda row: {**row, "measure": row["stem"]},
    "hours": lambda row: {**row, "care": row["arm"]},
    "intensity": lambda row: {**row, "horizon_days": "*"},
}


def same(one: str, other: str) -> bool:
    """Two cells say the same: '*' is anything, numbers agree in the digits that are released."""
    if one == other or one == "*":
        return True
    try:
        return abs(float(one) - float(other)) <= SAME * max(abs(float(one)), abs(float(other)))
    except ValueError:
        return False


def _plain(cell: str) -> str:
    """A cell by which rows are told apart: a number without what need not be written of it."""
    try:
        return f"{float(cell):.9g}"
    except ValueError:
        return cell


def differences(name: str, old: list[Row], new: list[Row], key: tuple[str, ...]) -> Iterator[str]:
    """What differs between two tables, old rows in new columns; rows are told apart by a key, or stand in order."""
    if len(old) != len(new):
        yield f"{name}: {len(old)} rows, then {len(new)}"
    columns = list(new[0]) if new else []
    told = [k for k in key if not any(row.get(k) == "*" for row in old)]
    order = [[tuple(_plain(row.get(k, "")) for k in told or columns) for row in rows] for rows in (old, new)]
    pairs = [
        sorted(zip(keys, rows, strict=True), key=lambda p: p[0]) for keys, rows in zip(order, (old, new), strict=True)
    ]
    if told:
        before, after = (dict(p) for p in pairs)
        for side, rows in (
            ("not in the new", before.keys() - after.keys()),
            ("not in the old", after.keys() - before.keys()),
        ):
            yield from (f"{name}: {side} one: {dict(zip(told, row, strict=True))}" for row in sorted(rows))
        both = [(before[k], after[k]) for k in sorted(before.keys() & after.keys())]
    else:
        both = [(a, b) for (_, a), (_, b) in zip(*pairs, strict=False)]
    for a, b in both:
        wrong = [c for c in columns if not same(a.get(c, "<no such column>"), b[c])]
        if wrong:
            where = {k: b[k] for k in told} or b
            yield f"{name}: {where}: " + "; ".join(f"{c} {a.get(c)!r}, then {b[c]!r}" for c in wrong)


def compare(old: Path, new: Path) -> tuple[list[str], dict[str, int]]:
    """What differs between two release folders, and the rows of each file that were held against each other."""
    found: list[str] = []
    rows: dict[str, int] = {}
    for name, change in TO_NEW.items():
        before, after = ([*map(change, read(old / f"{name}.csv"))], read(new / f"{name}.csv"))
        found += differences(name, before, after, TABLES[name].key)
        rows[name] = len(after)
    drawn = [{p.stem for p in (folder / "figures").glob("*.csv")} for folder in (old, new)]
    found += [f"figures: {sorted(drawn[0] ^ drawn[1])} are drawn in one of them only"] * (drawn[0] != drawn[1])
    for name in sorted(drawn[0] & drawn[1]):
        change = FIGURES.get(name, dict)
        before = [change(row) for row in read(old / "figures" / f"{name}.csv")]
        after = read(new / "figures" / f"{name}.csv")
        found += differences(f"figures/{name}", before, after, ())
        rows[f"figures/{name}"] = len(after)
    return found, rows


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print(__doc__)
        return 2
    found, rows = compare(*map(Path, arguments))
    print(*found[:MOST], *([f"and {len(found) - MOST} more"] if len(found) > MOST else []), sep="\n")
    print(f"{sum(rows.values())} rows in {len(rows)} files, {len(found)} differences")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
