"""Stays by level of care beside what is usual: how many are open, how the others ended, and how long they lasted.

What is usual are the discharges of 2004 that SAMHSA published by service, as the package holds them
(data/reference/tedsd): reasons of all services (table 2.5), and median lengths of intensive outpatient and residential
care by reason (tables 4.11, 5.11 and 6.4). Years, places and people differ, and the published figures are of discharges
only, so that nothing is judged by them: a large difference asks for a look at how ends and reasons are read.

Pointed out are levels at which many stays that began long ago are open, as where records of discharge are missing, and
those at which all stays ended for one reason, as where its codes are not told apart. Counts, shares and lengths are
shown as the disclosure policy allows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from iop_outcomes.tables import reference
from iop_outcomes.vocabulary.causes import COMPLETED, LEAVING, OTHER, TRANSFERRED, UNPLANNED
from iop_outcomes.vocabulary.levels import LEVELS

if TYPE_CHECKING:
    import pandas as pd

    from iop_outcomes.release.policy import Policy

Shown = Callable[[int], str]

PUBLISHED, LENGTHS = "tedsd/published_2004.csv", "tedsd/length_of_stay.csv"
SOURCE = (
    "Usual: discharges of 2004 by service, Substance Abuse and Mental Health Services Administration, TEDS 2004, "
    "Discharges from Substance Abuse Treatment Services, tables 2.5, 4.11, 5.11, 6.4. Years, places and people differ."
)
# SAMHSA's services by the codes of levels_of_care.csv
SERVICES = {
    "1": "detoxification", "2": "detoxification", "3": "hospital rehabilitation", "4": "short-term residential",
    "5": "long-term residential", "6": "intensive outpatient", "7": "outpatient", "8": "detoxification",
}  # fmt: skip
# canonical reasons: what the published tables call them
REASONS = {
    COMPLETED: ("completed",), TRANSFERRED: ("transferred",), UNPLANNED: ("dropped_out", "terminated"),
    OTHER: ("other",),
}  # fmt: skip
# reasons of which lengths are told: the canonical one, and that of the published table
LASTED = {COMPLETED: "completed", UNPLANNED: "dropped out"}
# ended stays from which on shares and lengths say something
ENOUGH = 20
# a stay open for so long is pointed out, where it is more than this share of those begun so long ago
LONG_AGO, MANY_OPEN = 180, 0.2


def lines(stays: pd.DataFrame, persons: pd.DataFrame, rules: Policy, shown: Shown) -> Iterator[str]:
    """A line for each level of care, what is usual below it, and what is to be looked at."""
    if stays.empty:
        return
    usual = _usual()
    observed = stays["person_id"].map(persons.set_index("person_id")["observed_to_day"])
    long_ago = (observed - stays["start_day"] > LONG_AGO).astype(bool)
    for level in LEVELS:
        own = stays[stays["level_of_care"] == level]
        if len(own):
            yield f"{level}: {'; '.join(_own(own, rules, shown))}"
            yield from (f"  usual, {service}: {usual[service]}" for service in _services(level) if service in usual)
            yield from _cautions(level, own, long_ago[own.index], rules)
    yield SOURCE


def _own(stays: pd.DataFrame, rules: Policy, shown: Shown) -> Iterator[str]:
    ended = stays[stays["end_day"].notna()]
    yield f"{shown(len(stays))} stays, {_share(len(stays) - len(ended), len(stays), rules)} open"
    if len(ended) < ENOUGH or rules.small(len(ended)):
        return
    counts = ended["discharge_reason"].value_counts()
    told = [f"{reason} {_share(int(counts[reason]), len(ended), rules)}" for reason in LEAVING if reason in counts]
    yield f"ended: {', '.join(told)}"
    days = (ended["end_day"] - ended["start_day"]).astype("float64")
    lasted = {reason: days[ended["discharge_reason"] == reason] for reason in LASTED}
    known = [f"{r} {_middle(d)} days" for r, d in lasted.items() if len(d) >= ENOUGH and not rules.small(len(d))]
    if known:
        yield f"half of them within: {', '.join(known)}"


def _share(part: int, whole: int, rules: Policy) -> str:
    """A share in whole per cent; in words where its people, or the others, are too few to be told."""
    if rules.small(whole) or (part and rules.small(part)):
        return "few" if part < whole else "nearly all"
    if whole - part and rules.small(whole - part):
        return "nearly all"
    return f"{part / whole:.0%}"


def _middle(days: pd.Series) -> str:
    """The median, as the mean of the middle fifth, which is no one's own length of stay."""
    ordered = days.sort_values().to_numpy()
    edge = (2 * len(ordered)) // 5
    return f"{ordered[edge : len(ordered) - edge].mean():.0f}"


def _cautions(level: str, stays: pd.DataFrame, long_ago: pd.Series, rules: Policy) -> Iterator[str]:
    old = stays[long_ago]
    still = int(old["end_day"].isna().sum())
    if len(old) >= ENOUGH and still > MANY_OPEN * len(old) and not rules.small(still):
        yield (
            f"  Look at: of the stays at {level} begun more than {LONG_AGO} days before observation ended, "
            f"{still / len(old):.0%} are open. Records of discharge may be missing, or read as other stays."
        )
    reasons = stays["discharge_reason"].dropna()
    if len(reasons) >= ENOUGH and not rules.small(len(reasons)) and reasons.nunique() == 1:
        yield f"  Look at: every ended stay at {level} has the reason '{reasons.iloc[0]}'. Its codes may not be read."


def _services(level: str) -> list[str]:
    """SAMHSA's services that stand at a level of care."""
    codes = next(row["teds_services"] for row in reference.rows("levels_of_care.csv") if row["level_of_care"] == level)
    return list(dict.fromkeys(SERVICES[code] for code in codes.split(";") if code))


def _usual() -> dict[str, str]:
    """What was published of each service, in words."""
    lengths = {
        (row["service"], row["reason"]): row["median_days"]
        for row in reference.rows(LENGTHS)
        if row["basis"].startswith("published")
    }
    found = {}
    for row in reference.rows(PUBLISHED):
        total = int(row["total"])
        ends = [f"{r} {sum(int(row[c]) for c in columns) / total:.0%}" for r, columns in REASONS.items()]
        days = [f"{p} {lengths[row['service'], p]} days" for p in LASTED.values() if (row["service"], p) in lengths]
        half = f"; half of them within: {', '.join(days)}" if days else ""
        found[row["service"]] = f"ended: {', '.join(ends)}{half}"
    return found
