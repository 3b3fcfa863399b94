"""The released tables against each other: what one number says of another must hold to the digits that are released.

A crude share is events by people where nobody is lost to follow-up, its limits are Wilson's; otherwise it is the height
of its curve on that day. People and events beside an estimate are sums of counts. A difference is the first arm minus
the second, a ratio the one by the other; an estimate lies within its limits, a share between 0 and 1. Unadjusted curves
neither turn back nor, with all ways of leaving, miss one hundred percent. What protection may have changed a number by
(`rounding_error`) is allowed for, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.two_by_two.proportions import wilson
from iop_outcomes.presentation import numbers
from iop_outcomes.protocol import two_strategies
from iop_outcomes.release.levels import reading, readings
from iop_outcomes.tables import TABLES
from iop_outcomes.verify.findings import Finding
from iop_outcomes.verify.released import Release
from iop_outcomes.vocabulary.answers import DRAWN
from iop_outcomes.vocabulary.arms import LEFT, STAYED
from iop_outcomes.vocabulary.causes import CENSORED, STILL_AT_RISK
from iop_outcomes.vocabulary.dated import DATED
from iop_outcomes.vocabulary.measures import BEYOND, DIFFERENCE, MEASURES, RATIO, RISK, UP_TO
from iop_outcomes.vocabulary.methods import CRUDE, IMPUTED
from iop_outcomes.vocabulary.readings import Reading
from iop_outcomes.vocabulary.statuses import BETWEEN, OK, ROUNDED, SUPPRESSED

Row = Mapping[str, Any]
Key = tuple[object, ...]
# of released digits
EXACT = 2e-9
GROUP = ("analysis", "contrast", "arm", "outcome", "horizon_days", "group_by", "group")
ESTIMAND = tuple(c for c in TABLES["estimates"].key if c != "of")
CURVE = tuple(c for c in TABLES["curves"].key if c != "x")
OFFERED: tuple[Callable[[Told], Iterator[Finding]], ...]


@dataclass(frozen=True)
class Told:
    """The rows of a release. sides: names of the arms, first and second, by contrast; level: of its intervals."""

    rows: Mapping[str, list[Row]]
    read: Mapping[str, Reading]
    sides: Mapping[str, Sequence[str]]
    level: float

    @cached_property
    def counts(self) -> dict[Key, dict[str, Row]]:
        """Rows of counts by group, and within it by level."""
        found: dict[Key, dict[str, Row]] = {}
        for row in self.rows["counts"]:
            if row["variable"] == "all":
                found.setdefault(tuple(row[k] for k in GROUP), {})[str(row["level"])] = row
        return found

    @cached_property
    def curves(self) -> dict[Key, list[Row]]:
        """Points of curves by curve, in order of x."""
        found: dict[Key, list[Row]] = {}
        for row in self.rows["curves"]:
            found.setdefault(tuple(row[k] for k in CURVE), []).append(row)
        return {key: sorted(points, key=lambda p: float(p["x"])) for key, points in found.items()}

    @cached_property
    def estimands(self) -> list[dict[str, Row]]:
        """Rows of estimates by estimand, and within it by arm, difference or ratio."""
        found: dict[Key, dict[str, Row]] = {}
        for row in self.rows["estimates"]:
            found.setdefault(tuple(row[k] for k in ESTIMAND), {})[str(row["of"])] = row
        return list(found.values())


def told(release: Release) -> Told:
    """The rows of a release. Raises TableError."""
    rows = {}
    for name, table in release.tables.items():
        plain = table.astype(object).to_dict("records")
        rows[name] = [{**_without(row), "#": at} for at, row in enumerate(plain, 2)]
    study = release.study
    whole = {**study.contrasts, **study.variants}
    sides: dict[str, Sequence[str]] = {name: (c.first.name, c.second.name) for name, c in whole.items()}
    sides |= {name: (STAYED, LEFT) for name in study.durations}
    sides |= {name: (s.first.name, s.second.name) for name, s in two_strategies(study).items()}
    sides |= dict.fromkeys(study.thresholds, (UP_TO, BEYOND))
    sides |= {name: sides[setting.contrast] for name, setting in study.doses.items()}
    sides |= {name: MEASURES[setting.measure].sides for name, setting in study.intensities.items()}
    return Told(rows, readings(study.endpoints), sides, study.inference.confidence_level)  # type: ignore[arg-type]


def _without(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A row with None where a value is missing, which is a NaN or pandas' own otherwise."""
    return {name: value if isinstance(value, str) or numbers.known(value) else None for name, value in row.items()}


def check(of: Told) -> Iterator[Finding]:
    """What does not hold between the released tables."""
    for look in OFFERED:
        yield from look(of)


def _place(name: str, row: Row, column: str) -> tuple[str, str]:
    words = (f"day {v}" if c == "horizon_days" else str(v) for c in TABLES[name].key
             if (v := row[c]) not in (None, "", "all", "none"))  # fmt: skip
    return f"{name}.csv", f"line {row['#']} ({', '.join(words)}), column {column}"


def _wrong(name: str, row: Row, column: str, follows: float, why: str, slack: float = 0.0) -> Iterator[Finding]:
    """The number of a row is not what follows from others. slack: what protection may have changed."""
    value = row[column]
    if numbers.known(value) and abs(value - follows) > EXACT * max(1.0, abs(follows)) + slack:
        yield Finding(*_place(name, row, column), f"{value:.10g} stands there; {follows:.10g} is {why}.")


def _ways(of: Told) -> Iterator[Finding]:
    """Counts: what a row says of how true it is, against its numbers."""
    for row in of.rows["counts"]:
        value, low, high, base = (row[c] for c in ("count", "count_low", "count_high", "rounded_to"))
        status = row["status"]
        good = {
            OK: base == 1 and value is not None and value == low == high,
            ROUNDED: None not in (value, low, high) and (base or 0) > 1 and value % base == 0 and low <= high,
            BETWEEN: value is None and None not in (low, high) and low <= high,
            SUPPRESSED: value is None,
        }
        if not good[status]:
            says = f"the row is '{status}', and its numbers ({value}; {low} to {high}; rounded to {base}) are not."
            yield Finding(*_place("counts", row, "count"), says)


def _limits(of: Told) -> Iterator[Finding]:
    """Estimates and points of curves: within their limits, shares between 0 and 1."""
    for name in ("estimates", "curves"):
        for row in of.rows[name]:
            value, low, high = (row[c] for c in ("estimate", "conf_low", "conf_high"))
            slack = EXACT + (row.get("rounding_error") or 0.0) * 2
            if None not in (value, low, high) and not low - slack <= value <= high + slack:
                says = f"{value:.10g} stands there, outside its limits {low:.10g} to {high:.10g}."
                yield Finding(*_place(name, row, "estimate"), says)
            share = row["axis"] in ("days", *DATED) if name == "curves" else _is_share(row)
            if share and value is not None and not -slack <= value <= 1 + slack:
                yield Finding(*_place(name, row, "estimate"), f"{value:.10g} is no share between 0 and 1.")


def _is_share(row: Row) -> bool:
    return bool(row["measure"] == RISK and row["of"] not in (DIFFERENCE, RATIO))


def _pairs(of: Told) -> Iterator[Finding]:
    """Differences and ratios follow from the arms."""
    for rows in of.estimands:
        one = next(iter(rows.values()))
        arms = [rows.get(side) for side in of.sides.get(one["contrast"], ())]
        if len(arms) != 2 or not all(a is not None and numbers.known(a["estimate"]) for a in arms):
            continue
        (a, b), (da, db) = zip(
            *(((r or {})["estimate"], (r or {})["rounding_error"] or 0.0) for r in arms), strict=True
        )
        if gap := rows.get(DIFFERENCE):
            slack = da + db + (gap["rounding_error"] or 0.0)
            yield from _wrong("estimates", gap, "estimate", a - b, "the first arm minus the second", slack)
        # of imputed data the logarithms of ratios are pooled (Rubin's rules), not their arms
        drawn = one["method"] in IMPUTED or one["missing_rule"] in DRAWN
        if (ratio := rows.get(RATIO)) and b and not drawn:
            slack = (da + abs(a / b) * db) / max(abs(b) - db, 1e-9) + (ratio["rounding_error"] or 0.0)
            yield from _wrong("estimates", ratio, "estimate", a / b, "the first arm by the second", slack)


def _people(of: Told) -> Iterator[Finding]:
    """People and events of both arms are those of the arms together."""
    for rows in of.estimands:
        one = next(iter(rows.values()))
        arms = [rows.get(side) for side in of.sides.get(one["contrast"], ())]
        if len(arms) != 2 or None in arms or one["method"] != CRUDE:
            continue
        for of_both in (rows[name] for name in (DIFFERENCE, RATIO) if name in rows):
            for column in ("n", "events"):
                parts = [(arm or {})[column] for arm in arms]
                if None not in parts and of_both[column] is not None:
                    yield from _wrong(
                        "estimates", of_both, column, sum(parts), f"the sum over both arms ({parts[0]} and {parts[1]})"
                    )


def _crude(of: Told) -> Iterator[Finding]:
    """Crude shares of arms follow from counts, or from their curve."""
    for rows in of.estimands:
        for name, row in rows.items():
            if (
                row["method"] == CRUDE
                and row["status"] == OK
                and row["measure"] == RISK
                and name not in (DIFFERENCE, RATIO)
            ):
                key = tuple(name if k == "arm" else row[k] for k in GROUP)
                first = name in of.sides.get(str(row["contrast"]), ())[:1]
                yield from _share(of, row, of.counts.get(key, {}), first)


def _share(of: Told, row: Row, levels: Mapping[str, Row], first: bool) -> Iterator[Finding]:
    """One crude share. levels: the counts of its group. first: it is of the first arm."""
    read, rule = reading(str(row["outcome"]), of.read), str(row["missing_rule"])
    left_out = set(read.left_out.get(rule, ()))
    if rule in read.taken:  # levels of missing answers may be the event as well
        read = replace(read, events=read.event(rule, first))
    inside = {level: cell for level, cell in levels.items() if level not in left_out}
    yield from _of_curve(of, row, read)
    if not inside or any(cell["count"] is None for cell in inside.values()) or inside.get(CENSORED, {}).get("count"):
        return
    events = [cell for level, cell in inside.items() if _event(level, read)]
    if all(_event(level, read) is not None for level in inside):
        timed = STILL_AT_RISK in inside or read.kind == "staying"
        yield from _of_counts(of, row, events, list(inside.values()), timed)


def _event(level: str, read: Reading) -> bool | None:
    """A level of counts is the event; None where it is one only in part: causes that are told together."""
    stays = level in (STILL_AT_RISK, CENSORED)
    if read.kind == "staying" and (stays or not read.lost):
        return stays
    parts, named = set(level.split(" or ")), set(read.lost if read.kind == "staying" else read.events)
    if parts & named and not parts <= named and level not in named:
        return None
    return (level in named or parts <= named) == (read.kind != "staying")


def _of_counts(of: Told, row: Row, events: Sequence[Row], cells: Sequence[Row], timed: bool) -> Iterator[Finding]:
    """A share against its counts: exact ones to the digit, rounded ones as far as their ranges let it be.

    The people of a group are known where their number is told beside the estimate, also where its cells are rounded.
    """
    found, exact = sum(int(c["count"]) for c in events), all(c["status"] == OK for c in cells)
    people = sum(int(c["count"]) for c in cells)
    low, high = (sum(int(c[end]) for c in cells) for end in ("count_low", "count_high"))
    if row["n"] is not None and not low <= row["n"] <= high:
        yield from _wrong("estimates", row, "n", people, "what counts.csv gives")
    people = people if exact or row["n"] is None else int(row["n"])
    if not people:
        return
    unsure = sum(max(c["count_high"] - c["count"], c["count"] - c["count_low"]) for c in events)
    slack = (row["rounding_error"] or 0.0) + unsure / people
    why = f"what counts.csv gives, {found} of {people}"
    yield from _wrong("estimates", row, "estimate", found / people, why, slack)
    if not exact or slack:
        return
    yield from _wrong("estimates", row, "events", found, "what counts.csv gives")
    if timed:
        return
    try:
        wanted = wilson(found, people, of.level)
    except EstimationError:
        return
    for column, limit in (("conf_low", wanted.low), ("conf_high", wanted.high)):
        yield from _wrong("estimates", row, column, limit, f"Wilson's limit of {found} of {people}")


def _of_curve(of: Told, row: Row, read: Reading) -> Iterator[Finding]:
    """The height of the curve of a share on its day."""
    named = read.staying if read.kind == "staying" else (read.events or ("",))[0]
    keys = {"outcome": named, "arm": row["of"], "axis": "days", "horizon_days": None}
    points = of.curves.get(tuple(keys.get(k, row.get(k)) for k in CURVE), [])
    for point in points:
        if point["x"] == row["horizon_days"] and len(read.events) < 2:
            slack = (row["rounding_error"] or 0.0) + (point["rounding_error"] or 0.0)
            yield from _wrong(
                "estimates",
                row,
                "estimate",
                point["estimate"],
                f"the height of its curve, line {point['#']} of curves.csv",
                slack,
            )


def _turns(of: Told) -> Iterator[Finding]:
    """Unadjusted curves of leaving only rise, those of staying only fall."""
    staying = {r.staying for r in of.read.values()}
    for points in of.curves.values():
        first = points[0]
        if first["axis"] != "days" or first["method"] != CRUDE:
            continue
        sign = -1 if first["outcome"] in staying else 1
        for before, after in pairwise(points):
            slack = EXACT + (before["rounding_error"] or 0.0) + (after["rounding_error"] or 0.0)
            if sign * (after["estimate"] - before["estimate"]) < -slack:
                says = f"{after['estimate']:.10g} stands there, and the curve was at {before['estimate']:.10g} before."
                yield Finding(*_place("curves", after, "estimate"), says)


OFFERED = (_ways, _limits, _pairs, _people, _crude, _turns)
