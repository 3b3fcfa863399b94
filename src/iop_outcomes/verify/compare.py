"""Two releases side by side: what moved and by how much, what came, what went, and what may be why.

Rows of the released tables are matched by their keys, the name of the cohort aside, so that the same cohort a quarter
later, or under another policy, stands beside the first. Only what is released is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import Labels, method, missing_rule, within
from iop_outcomes.tables import TABLES
from iop_outcomes.verify.released import Release
from iop_outcomes.vocabulary.measures import DIFFERENCE, MEASURES, POINTS, RATIO
from iop_outcomes.vocabulary.statuses import OK, STATUSES

Key = tuple[object, ...]
Written = Callable[[object], str]
Row = Mapping[str, Any]
COMPARED = ("estimates", "counts", "diagnostics")
# the number of a row
NUMBER = {"estimates": "estimate", "counts": "count", "diagnostics": "value"}
COLUMNS = ("table", "change", "key", "column", "first", "second", "moved")
# what became of a row
MOVED, APPEARED, GONE, WITHHELD, SHOWN = "moved", "appeared", "disappeared", "no longer shown", "shown now"
# digits of a released number that computers agree on
SAME = 1e-9
MOST = 12


@dataclass(frozen=True)
class Change:
    """A row that is not the same. first, second: its number, None without one; one: the row, the later of two."""

    table: str
    what: str
    key: Key
    first: float | None
    second: float | None
    one: Row

    @property
    def moved(self) -> float | None:
        """Second minus first."""
        return None if self.first is None or self.second is None else self.second - self.first

    def keyed(self) -> str:
        """The key in words, without what says nothing."""
        names = _key(self.table)
        told = (f"day {v}" if n in ("horizon_days", "from_day", "to_day") else str(v)
                for n, v in zip(names, self.key, strict=True))  # fmt: skip
        return ", ".join(t for t in told if t not in ("", "all", "none", "None", "nan", "day None"))


@dataclass(frozen=True)
class Comparison:
    """Two releases. first, second: as they lie."""

    first: Release
    second: Release

    @cached_property
    def changes(self) -> list[Change]:
        """Every row that is not the same, by table, in the order of the second release, what is gone last."""
        return [change for table in COMPARED for change in _changes(self.first, self.second, table)]

    @cached_property
    def origins(self) -> list[str]:
        """In words, what the two were made from that is not the same: records, study, policy, code, environment."""
        return list(_origins(self.first, self.second))

    def table(self) -> str:
        """The changes as CSV."""
        import csv
        import io

        out = io.StringIO()
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(COLUMNS)
        for c in self.changes:
            told = ("" if v is None else f"{v:.10g}" for v in (c.first, c.second, c.moved))
            rows.writerow((c.table, c.what, c.keyed(), NUMBER[c.table], *told))
        return out.getvalue()

    def text(self) -> str:
        """The changes in words."""
        return "\n".join([f"First: {_named(self.first)}. Second: {_named(self.second)}.", *self.origins, *self.told()])

    def told(self) -> list[str]:
        """The changes of numbers in words, line by line."""
        said: list[str] = []
        own = [c for c in self.changes if c.table == "estimates"]
        if not self.changes:
            said.append("Every number of the tables is the same in both.")
        for what, lead in _LEADS.items():
            found = [c for c in own if c.what == what]
            if found:
                said.append(f"{lead.format(numbers.count(len(found)))}")
                said += [f"  {self._line(c)}" for c in _largest(found)[:MOST]]
                said += [f"  and {numbers.count(len(found) - MOST)} more."] if len(found) > MOST else []
        for table in ("counts", "diagnostics"):
            found = [c for c in self.changes if c.table == table]
            by = ", ".join(f"{numbers.count(n)} {what}" for what in _LEADS if (n := sum(c.what == what for c in found)))
            said += [f"Of {table}: {by}."] if by else []
        same = self._same()
        said += [f"{numbers.count(same)} estimates are the same in both."] if same and self.changes else []
        return said

    def _same(self) -> int:
        changed = {c.key for c in self.changes if c.table == "estimates"}
        both = set(_rows(self.first, "estimates")) & set(_rows(self.second, "estimates"))
        return len(both - changed)

    def _line(self, change: Change) -> str:
        row, labels = change.one, Labels((self.first if change.what == GONE else self.second).study)
        form, signed = _forms(row)
        if change.what == MOVED:
            to = f"{form(change.first)} to {form(change.second)} ({signed(change.moved)})"
        elif change.what in (GONE, APPEARED):
            value = change.first if change.what == GONE else change.second
            to = form(value) if numbers.known(value) else _absent(row, labels)
        elif change.what == WITHHELD:
            to = f"{form(change.first)} before; {_absent(row, labels)}"
        else:
            to = form(change.second)
        return f"{asked(row, labels)}: {to}"


_LEADS = {
    MOVED: "{} estimates moved, the ones that moved most first:",
    WITHHELD: "{} estimates are no longer shown:",
    SHOWN: "{} estimates are shown now, and were not before:",
    APPEARED: "{} estimates are in the second release only:",
    GONE: "{} estimates are in the first release only:",
}


def _named(release: Release) -> str:
    return f"{release.folder} ({release.plain.get('cohort')}, policy {release.told['policy']})"


def _origins(first: Release, second: Release) -> Iterator[str]:
    one, other = first.told, second.told
    if first.plain.get("cohort") != second.plain.get("cohort"):
        yield "The two are of different cohorts: questions of the same names are compared."
    if one["inputs"] != other["inputs"]:
        names = sorted(n for n in {*one["inputs"], *other["inputs"]} if one["inputs"].get(n) != other["inputs"].get(n))
        yield f"Data: the records differ ({', '.join(names[:5])}{', ...' if len(names) > 5 else ''})."
    if one["policy"] != other["policy"]:
        yield f"Policy: {one['policy']} in the first, {other['policy']} in the second."
    settings = list(_settings("", first.plain, second.plain))
    if settings:
        more = f" and {len(settings) - MOST} more" if len(settings) > MOST else ""
        yield f"Config: {'; '.join(settings[:MOST])}{more}."
    if one["package"] != other["package"]:
        yield f"Code: version {first.version} in the first, {second.version} in the second; their digests differ."
    if (one["lock"], one["python"], one["libraries"]) != (other["lock"], other["python"], other["libraries"]):
        mine, its = {"Python": one["python"], **one["libraries"]}, {"Python": other["python"], **other["libraries"]}
        found = [f"{n} {mine.get(n)} and {its.get(n)}" for n in sorted({*mine, *its}) if mine.get(n) != its.get(n)]
        yield f"Environment: {', '.join(found) or 'the lock files differ'}."


def _settings(place: str, one: object, other: object) -> Iterator[str]:
    """Settings that differ, by where they stand."""
    if one == other:
        return
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for name in dict.fromkeys([*one, *other]):
            yield from _settings(f"{place}.{name}".lstrip("."), one.get(name), other.get(name))
    elif isinstance(one, list) and isinstance(other, list):
        both = sum(part in other for part in one)
        yield f"{place}: {len(one) - both} entries of the first only, {len(other) - both} of the second only"
    else:
        yield f"{place}: {one} and {other}"


def _changes(first: Release, second: Release, table: str) -> Iterator[Change]:
    one, other = _rows(first, table), _rows(second, table)
    for key, row in other.items():
        before, now = one.get(key), _number(table, row)
        if before is None:
            yield Change(table, APPEARED, key, None, now, row)
            continue
        was = _number(table, before)
        if was is not None and now is not None:
            if abs(now - was) > SAME * max(1.0, abs(was)):
                yield Change(table, MOVED, key, was, now, row)
        elif was is not None or now is not None:
            yield Change(table, WITHHELD if now is None else SHOWN, key, was, now, row)
    for key, row in one.items():
        if key not in other:
            yield Change(table, GONE, key, _number(table, row), None, row)


def _key(table: str) -> list[str]:
    return [c for c in TABLES[table].key if c != "cohort"]


def _rows(release: Release, table: str) -> dict[Key, Row]:
    names = _key(table)
    rows: list[Any] = release.tables[table].astype(object).to_dict("records")
    return {tuple(_plain(row[n]) for n in names): row for row in rows}


def _plain(value: object) -> object:
    return value if isinstance(value, str) else None if not numbers.known(value) else int(float(value))  # type: ignore[arg-type]


def _number(table: str, row: Row) -> float | None:
    return numbers.number(row[NUMBER[table]])


def _largest(found: list[Change]) -> list[Change]:
    """Those that moved most first, in units of their own standard error where there is one; others as they come."""

    def size(change: Change) -> float:
        error = numbers.number(change.one.get("std_error"))
        return -abs(change.moved or 0.0) / (error or 1.0)

    return sorted(found, key=size)


def _forms(row: Row) -> tuple[Written, Written]:
    """How an estimate is written, and how far it moved."""
    measure = MEASURES[row["measure"]]
    if measure.ratio or row["of"] == RATIO:
        return numbers.ratio, lambda v: _signed(v, 2)
    if measure.share:
        signed = row["of"] == DIFFERENCE or measure.unit == POINTS
        return (numbers.points if signed else numbers.percent), numbers.points
    return (numbers.signed_days if row["of"] == DIFFERENCE else numbers.days), numbers.signed_days


def form(row: Row) -> Written:
    """How an estimate is written."""
    return _forms(row)[0]


def asked(row: Row, labels: Labels) -> str:
    """What a row of estimates is of, as the report calls it."""
    name, of = str(row["contrast"]), str(row["of"])
    rule = missing_rule(str(row["missing_rule"]))
    days = "" if numbers.number(row["from_day"]) is None else f", day {row['from_day']:.0f} to {row['to_day']:.0f}"
    if (delta := numbers.number(row["delta_first"])) is not None:
        days += f", delta {delta:g} and {row['delta_second']:g}"
    if (hours := numbers.number(row["hours_per_week"])) is not None:
        days += f", {hours:g} hours"
    if (weeks := numbers.number(row["weeks_of_care"])) is not None:
        days += f" for {weeks:.0f} weeks"
    group = "" if row["group"] == "all" else f", {row['group_by']} {row['group']}"
    known = of not in (DIFFERENCE, RATIO) and labels.knows(name)
    side = labels.arm(name, of) if known and not MEASURES[row["measure"]].sides else of.replace("_", " ")
    parts = (within(rule) if rule else "", within(method(str(row["method"]))), within(side))
    day = f"day {row['horizon_days']:.0f}"
    asked = ", ".join((labels.endpoint(str(row["outcome"])), day + days + group, *(part for part in parts if part)))
    return f"{labels.contrast(name)}. {asked}"


def _signed(value: object, digits: int) -> str:
    text = numbers.decimals(value, digits)
    return f"+{text}" if (numbers.number(value) or 0.0) > 0 else text


def _absent(row: Row, labels: Labels) -> str:
    """Why a row has no number."""
    if row["status"] == OK:
        return "no number"
    return STATUSES[row["status"]].said.format(reason=labels.reason(str(row["contrast"]), str(row["reason"])))
