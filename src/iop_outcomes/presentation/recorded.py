"""Readings of the released counts of people and records, for figures and report.

Shares are of people whose cells are shown, and made from counts as they are told: exact, rounded, or as a range. A
share whose own count is withheld is told as far as the release tells it: to the quarter below ('from'), or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from iop_outcomes.presentation import numbers, told
from iop_outcomes.presentation.labels import COVARIATES, words
from iop_outcomes.presentation.told import NO_ONE, WITHHELD, Told
from iop_outcomes.protocol import Compared
from iop_outcomes.release.completeness import QUANTITY
from iop_outcomes.tables import bands
from iop_outcomes.tables.bands import STILL_THERE
from iop_outcomes.tables.results import (
    ALL,
    ATTAINED_OF_PLANNED,
    ATTRITION,
    COMPLETENESS,
    DAYS,
    DELIVERED,
    DELIVERED_OF_SCHEDULED,
    HOURS,
    MATURITY,
    SCHEDULED,
    TRANSITION,
)
from iop_outcomes.tables.rows import alike, counted
from iop_outcomes.vocabulary import causes
from iop_outcomes.vocabulary.answers import NOT_YET_OBSERVED
from iop_outcomes.vocabulary.endpoints import PANELS
from iop_outcomes.vocabulary.levels import CLASSES, LABELS, NOT_KNOWN, UNKNOWN

if TYPE_CHECKING:
    import pandas as pd


# the analysis of the records themselves
RECORDS = "records"
SMALLER_SITES, OTHER_PERIODS = "smaller sites", "other periods"
# what is counted, by unit of analysis
UNITS: dict[str, str] = {"first_episode": "people", "episode": "episodes", "period": "periods"}
FIELDS = {
    "entry_period": "Time of entry",
    "planned_days": "Planned length of stay",
    "scheduled_hours": "Scheduled hours",
    "sessions": "Any session",
    "screens": "Any urine screen",
    "followups": "Any follow-up interview",
    "discharge_reason": "How the stay ended",
}
# how stays ended, or that they are still open
ENDS = {name: causes.CAUSES[name].end for name in causes.ENDS} | {causes.IN_CARE: PANELS[causes.IN_CARE]}
NODES = {**LABELS, **ENDS}
# a field of a group of people
FIELD_OF = ("variable", "group_by", "group")
# how people are shown: as numbers, how true they are, their ranges, and in words
SHOWN = ["people", "status", "low", "high", "shown"]
# a share that is off by less is shown in whole percent
HALF_A_POINT = 0.005
BANDS = {NOT_KNOWN: "not known", STILL_THERE: "still there"}


def of(counts: pd.DataFrame, outcome: str, variable: str = ALL) -> pd.DataFrame:
    """Rows of what is counted of the records, with `people` as a number, and as `shown`."""
    own = counts[(counts["analysis"] == RECORDS) & (counts["outcome"] == outcome) & (counts["variable"] == variable)]
    return with_people(own, told.usual(counts[counts["analysis"] == RECORDS]))


def attrition(counts: pd.DataFrame, base: int | None = None) -> pd.DataFrame:
    """Rules in order with the people that each excluded, last the eligible: columns position, rule and those SHOWN.
    base: what counts beside them are rounded to.
    """
    own = counts[(counts["analysis"] == "cohort") & (counts["outcome"] == ATTRITION)].sort_values("position")
    named = with_people(own, told.usual(own) if base is None else base).rename(columns={"level": "rule"})
    return named[["position", "rule", *SHOWN]].reset_index(drop=True)


def with_people(counts: pd.DataFrame, base: int) -> pd.DataFrame:
    """Counts with `people` as a number, missing where it is withheld or told as a range, `low` and `high`, the fewest
    and the most that there can be, and as they are `shown`.

    base: what all of them are rounded to; others are marked.
    """
    people = counts["count"].astype("Float64").to_numpy(dtype=float, na_value=float("nan"))
    rows = counted(counts)
    ranges = [told.told(row) for row in rows]
    return counts.assign(
        people=people, low=[r.low for r in ranges], high=[r.high for r in ranges],
        shown=[told.count(row, base) for row in rows],
    )  # fmt: skip


def share_of(rows: pd.DataFrame, part: pd.Series[bool]) -> str:
    """The share of the people of some rows that are in a part of them, to the digits that rounding leaves; a dash where
    one of the rows is not told as a number.
    """
    found = share(rows, part)
    return numbers.percent(*found) if found else numbers.DASH


def share(rows: pd.DataFrame, part: pd.Series[bool]) -> tuple[float, float] | None:
    """The share of the people of some rows that are in a part of them, and by how much rounding may have moved it; None
    where one of the rows is not told as a number.
    """
    return told.together(rows[part]).of(told.together(rows[~part]))


def unit(study: Compared) -> str:
    """What a study counts: people, episodes or periods."""
    return UNITS[study.population.unit]


def field(name: str) -> str:
    """Label of a field."""
    return FIELDS.get(name) or COVARIATES.get(name) or words(name)


def completeness(counts: pd.DataFrame, diagnostics: pd.DataFrame) -> pd.DataFrame:
    """One row per field and group: field, kind (all, site, period), group, share known, and how the share is told.

    told: exact, rounded (off by less than half a percentage point), about (by more, or a few are withheld), from (at
    least so much), withheld; nobody where no one was asked.
    """
    import pandas as pd

    own = counts[(counts["analysis"] == RECORDS) & (counts["outcome"] == COMPLETENESS)]
    if own.empty:
        return pd.DataFrame(columns=["field", "kind", "group", "share", "told"])
    least = diagnostics[diagnostics["quantity"] == QUANTITY]
    floors = dict(zip(zip(*(least[k] for k in FIELD_OF), strict=True), least["value"], strict=True))
    sizes = _sizes(own)
    rows = []
    for key, cells in alike(counted(own), FIELD_OF).items():
        name, kind, group = map(str, key)
        people = {r["level"]: told.told(r) for r in cells}
        share, how = _share(people, sizes.get((kind, group)), floors.get(key))
        rows.append({"field": name, "kind": kind, "group": group, "share": share, "told": how})
    found = pd.DataFrame(rows)
    # what is known of people, then of their care
    rank = {n: i for i, n in enumerate((*sorted(set(found["field"]) - set(FIELDS)), *FIELDS))}
    return found.iloc[found["field"].map(rank).argsort(kind="stable")].reset_index(drop=True)


def _sizes(own: pd.DataFrame) -> dict[tuple[str, str], float]:
    """People of each group, from a field of which everyone was asked and all counts are shown."""
    keys = [own[k] for k in FIELD_OF]
    doubtful = (own["count"].isna() | (own["level"] == "not_asked")).groupby(keys)
    sure = own[~doubtful.transform("any")]
    people = sure.groupby(list(FIELD_OF))["count"].sum().groupby(["group_by", "group"]).max()
    return {key: float(n) for key, n in people.items()}  # type: ignore[misc]


def _share(found: Mapping[str, Told], size: float | None, floor: float | None) -> tuple[float, str]:
    """The share known, and how it is told. found: people by level. size: people of the group."""
    known, unknown, skipped = (found.get(level, NO_ONE) for level in ("known", NOT_KNOWN, "not_asked"))
    nan = float("nan")
    if known.high == 0 and unknown.high == 0:
        return nan, "nobody"
    if known.high == 0 or unknown.high == 0:
        return float(unknown.high == 0), "exact"
    share = known.of(unknown)
    if share is not None:
        return share[0], _how(share[1])
    if max(known.high, unknown.high) < float("inf"):
        low, high = known.among(unknown)
        return (low + high) / 2, _how((high - low) / 2)
    if known.count is not None and size:
        asked = size - (skipped.count or 0.0)
        return min(known.count / asked, 1.0), "about" if skipped.count is not None else "from"
    return (floor, "from") if floor is not None else (nan, "withheld")


def _how(error: float) -> str:
    """How a share is told that rounding may have moved so far."""
    return "exact" if error == 0 else "rounded" if error < HALF_A_POINT else "about"


def share_words(share: float, told: str) -> str:
    """A share in words, as far as it is told."""
    if told == "withheld":
        return WITHHELD
    form = numbers.percent if told == "exact" else numbers.whole_percent
    return {"about": "about ", "from": "at least "}.get(told, "") + form(share)


def by(found: pd.DataFrame, *keys: str) -> dict[tuple[object, ...], tuple[float, str]]:
    """Share, and how it is told, by some columns."""
    return {tuple(r[k] for k in keys): (float(r["share"]), str(r["told"])) for r in found.to_dict("records")}


def ordered(groups: Iterable[str]) -> list[str]:
    """Names of groups in order, numbers within them as such, those of joined small ones and the unknown last."""

    def place(name: str) -> tuple[bool, list[tuple[bool, int, str]]]:
        parts = re.findall(r"\d+|\D+", name)
        last = name in (SMALLER_SITES, OTHER_PERIODS, UNKNOWN)
        return last, [(p.isdigit(), int(p) if p.isdigit() else 0, p) for p in parts]

    return sorted(groups, key=place)


def unanswered(found: pd.DataFrame) -> tuple[list[str], list[str], list[str]]:
    """Fields by how they stand over all people: known of everyone, known of some, known of no one."""
    overall = found[found["kind"] == ALL].set_index("field")
    share, how = overall["share"], overall["told"]
    full = [f for f in overall.index if how[f] == "exact" and share[f] == 1]
    empty = [f for f in overall.index if how[f] == "nobody" or (how[f] == "exact" and share[f] == 0)]
    return full, [f for f in overall.index if f not in (*full, *empty)], empty


def by_level(counts: pd.DataFrame, outcome: str, variable: str, among: Sequence[str]) -> pd.DataFrame:
    """People by level of care and band, in order: care, level, share of the people of that level of care that are
    shown, and those SHOWN. among: the bands.
    """
    own = of(counts, outcome, variable).rename(columns={"group": "care"})
    order = [*among, STILL_THERE, NOT_KNOWN]
    own = own.assign(
        rank=own["care"].map({c: i for i, c in enumerate(CLASSES)}), place=own["level"].map(order.index)
    ).sort_values(["rank", "place"], kind="stable")
    whole = own.groupby("care")["people"].transform("sum")
    shares = own.assign(share=own["people"] / whole.where(whole > 0))
    return shares[["care", "level", "share", *SHOWN]]


def scheduled_and_delivered(counts: pd.DataFrame) -> pd.DataFrame:
    """Hours a week, scheduled and delivered, by level of care: kind, care, level, share and those SHOWN."""
    import pandas as pd

    parts = [by_level(counts, HOURS, kind, bands.HOURS).assign(kind=kind) for kind in (SCHEDULED, DELIVERED)]
    return pd.concat(parts, ignore_index=True)[["kind", "care", "level", "share", *SHOWN]]


def against_plan(counts: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Delivered of scheduled hours and attained of planned days, by level of care."""
    wanted = ((HOURS, DELIVERED_OF_SCHEDULED), (DAYS, ATTAINED_OF_PLANNED))
    found = {variable: by_level(counts, outcome, variable, bands.SHARES) for outcome, variable in wanted}
    return {name: table for name, table in found.items() if len(table)}


def moves(counts: pd.DataFrame) -> pd.DataFrame:
    """Moves between levels of care: step (from 1), origin, to, people, status."""
    own = counts[(counts["analysis"] == RECORDS) & (counts["outcome"] == TRANSITION)]
    return (
        with_people(own, told.usual(counts[counts["analysis"] == RECORDS]))
        .assign(step=own["variable"].astype(int))
        .rename(columns={"group": "origin", "level": "to"})[["step", "origin", "to", *SHOWN]]
    )


def maturity(counts: pd.DataFrame) -> pd.DataFrame:
    """Share of people whose day lies within their observation: kind (all, period), group, day, share, told."""
    import pandas as pd

    rows = []
    for key, cells in alike(counted(of(counts, MATURITY)), ("group_by", "group", "horizon_days")).items():
        kind, group, day = (str(part) for part in key)
        people = {r["level"]: told.told(r) for r in cells}
        found = {"known": people.get("mature", NO_ONE), NOT_KNOWN: people.get(NOT_YET_OBSERVED, NO_ONE)}
        share, how = _share(found, None, None)
        rows.append({"kind": kind, "group": group, "day": int(day), "share": share, "told": how})
    return pd.DataFrame(rows, columns=["kind", "group", "day", "share", "told"])
