"""Days of which interviews and screens say that they were free of use, or held some, and the endpoints made of them.

An interview without a day of use says that the days of its look-back were free, one that covers first use that all
days from time zero up to a day were; a negative screen says it of its day and of those before, `tolerance_days` in all,
where its substance is found for long enough, and of its day alone where it is not.
An interview with days of use says that some day of its look-back held use, one that names the first day says which, and
a positive screen says it of its day. Use stands against whatever else is said of the same days. A look-back that begins
before the days that are asked about leaves open on which side of their beginning the use was, as long as the days of
use that were told find room before it: most people use until the day they begin care.

`continuous_abstinence` asks whether all days from `from_day` to the horizon are known to be free: a day of which
nothing is known makes the answer unknown. `first_use_between` asks between which days use began: after the last day
before it that was known to be free, and by the first by which it is known; days in between of which nothing is known
are where it may have begun, and those before the last free day, or of a look-back that leaves it open, are taken to
have been free. `point_prevalence` asks about the last `window_days` alone, of people of whom either answer could be
known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.cohort.interviews import of_substance
from iop_outcomes.protocol import Endpoint
from iop_outcomes.vocabulary.testing import NEGATIVE, POSITIVE, TAKEN

if TYPE_CHECKING:
    import pandas as pd

Tables = Mapping[str, "pd.DataFrame"]

# a month is 28 to 31 days: so many that a look-back may be longer or shorter than the window it answers for
LEEWAY_DAYS = 3


def free(tables: Tables, endpoint: Endpoint) -> pd.DataFrame:
    """Stretches of days known to be free of use: person_id, start, end; both days are in them."""
    import pandas as pd

    held = tables["followups"].dropna(subset=["day"])
    none = held[held["days_used"] == 0]
    through = tables["followups"].dropna(subset=["no_use_through_day"])
    negative = _screens(tables, endpoint, NEGATIVE)
    speaks = max(endpoint.tolerance_days, 1)
    # one whose substance is gone too soon for so many days, as alcohol is, tells of its own day alone
    days = np.where(negative["tells_days"] >= speaks, speaks, 1)
    parts = (
        _stretches(none["person_id"], none["day"] - none["lookback_days"], none["day"] - 1),
        _stretches(through["person_id"], 0, through["no_use_through_day"]),
        _stretches(negative["person_id"], negative["day"] - days + 1, negative["day"]),
    )
    return pd.concat(parts, ignore_index=True)


def use(tables: Tables, endpoint: Endpoint) -> pd.DataFrame:
    """Stretches of days of which some held use, in the same columns, and how many did at least (`days`); of a single
    day where the day is known.
    """
    import pandas as pd

    held = tables["followups"].dropna(subset=["day"])
    some = held[(held["days_used"] > 0).fillna(False).astype(bool)]
    first = tables["followups"].dropna(subset=["first_use_day"])
    positive = _screens(tables, endpoint, POSITIVE)
    parts = (
        _stretches(some["person_id"], some["day"] - some["lookback_days"], some["day"] - 1).assign(
            days=np.ceil(some["days_used"].astype("float64")).astype("int64")
        ),
        _stretches(first["person_id"], first["first_use_day"], first["first_use_day"]).assign(days=1),
        _stretches(positive["person_id"], positive["day"], positive["day"]).assign(days=1),
    )
    return pd.concat(parts, ignore_index=True)


def certain(begun: pd.DataFrame, first_day: int, last_day: int | None = None) -> pd.DataFrame:
    """Of stretches as `use` gives them, those of which some day of use lies within these days for sure: not all of them
    find room before the first day or after the last.
    """
    outside = (first_day - begun["start"]).clip(lower=0)
    if last_day is not None:
        outside += (begun["end"] - last_day).clip(lower=0)
    return begun[begun["days"] > outside]


def _screens(tables: Tables, endpoint: Endpoint, result: str) -> pd.DataFrame:
    rows = of_substance(tables["screens"], endpoint)
    return rows[rows["result"] == result]


def _stretches(person: pd.Series, start: object, end: object) -> pd.DataFrame:
    import pandas as pd

    made = pd.DataFrame({"person_id": person, "start": start, "end": end})
    return made.astype({"start": "int64", "end": "int64"})


def free_through(stretches: pd.DataFrame, first_day: int) -> pd.Series:
    """By person, the last day up to which all days from `first_day` on are known to be free; without any, no row."""
    own = stretches[stretches["end"] >= first_day].sort_values(["person_id", "start"], kind="stable")
    reached = own.groupby("person_id")["end"].cummax()
    before = reached.groupby(own["person_id"]).shift(1, fill_value=first_day - 1)
    broken = (own["start"] > before + 1).groupby(own["person_id"]).cummax()
    return reached[~broken].groupby(own["person_id"]).max()


def continuous_abstinence(people: pd.DataFrame, tables: Tables, endpoint: Endpoint, horizon: int) -> pd.Series:
    """Every day from `from_day` to the horizon is known to be free; use on one of them is enough for the contrary."""
    begun = certain(use(tables, endpoint), endpoint.from_day, horizon)
    through = free_through(free(tables, endpoint), endpoint.from_day)
    return _answered(people, through.index[through >= horizon], begun["person_id"])


def point_prevalence(people: pd.DataFrame, tables: Tables, endpoint: Endpoint, horizon: int) -> pd.Series:
    """No use in the `window_days` that end on the horizon, as told at the interview nearest it or by screens.

    The window ends with the look-back of an interview that was held within `tolerance_days` of the horizon, and on the
    horizon without one; an interview whose window would begin before the clock is not looked at. An interview answers
    where its look-back is the window, give or take LEEWAY_DAYS: a longer one could tell of no use but never that there
    was some, a shorter one the other way round, and so could one that begins before the clock. A positive screen speaks
    against it. Without such an interview screens answer where each week of the window has a clear result, and none that
    was due did not have one: were use told by fewer than abstinence is, those whose answer is known would be people who
    used.
    """
    window = endpoint.window_days
    within = tables["followups"][(tables["followups"]["day"] >= window).fillna(False).astype(bool)]
    nearest = _interview(within, endpoint, horizon)
    last = people["person_id"].map(nearest["day"] - 1).astype("Int64").fillna(horizon).astype("int64")
    asked = people[["person_id"]].assign(first=last - window + 1, last=last)
    own = of_substance(tables["screens"], endpoint).merge(asked, on="person_id")
    own = own[(own["day"] >= own["first"]) & (own["day"] <= own["last"])]
    tested = _tested_each_week(own, window)
    since_clock = nearest["day"] >= nearest["lookback_days"]
    answered = nearest[covers(nearest["lookback_days"], window) & since_clock & nearest["days_used"].notna()]
    some = (answered["days_used"] > 0).fillna(False).astype(bool)
    known = answered.index.union(tested)
    positive = own.loc[own["result"] == POSITIVE, "person_id"]
    return _answered(people, known, [*answered.index[some], *positive[positive.isin(known)]])


def _tested_each_week(own: pd.DataFrame, window: int) -> pd.Index:
    """Who has clear results that can tell of it in each week of the window, counted from its end, and none due without
    one. Days beyond the last whole week are of it.

    own: the tests of the window, with its `last` day.
    """
    weeks = max(window // 7, 1)
    clear = own["result"].isin([NEGATIVE, POSITIVE])
    week = ((own["last"] - own["day"]) // 7).clip(upper=weeks - 1).rename("week")
    # tests that find their substance for hours tell of a week together, where there are enough of them
    told = own.loc[clear, "tells_days"].groupby([own["person_id"], week]).sum()
    tested = told[told >= min(window, 7)].groupby(level="person_id").size()
    all_clear = clear.groupby(own["person_id"]).all()
    return tested.index[(tested == weeks) & all_clear.reindex(tested.index)]


def covers(lookback_days: pd.Series, window_days: int) -> pd.Series:
    """Which interviews answer for so many days, whether there was use in them or not."""
    return (lookback_days - window_days).abs().le(LEEWAY_DAYS).fillna(False).astype(bool)


def _answered(people: pd.DataFrame, free_of_use: Iterable[object], used: Iterable[object]) -> pd.Series:
    """By person; use stands against whatever else is known."""
    import pandas as pd

    who = people["person_id"]
    found = pd.Series(pd.NA, index=people.index, dtype="boolean").mask(who.isin(list(free_of_use)), True)
    return found.mask(who.isin(list(used)), False).set_axis(who)


def _interview(followups: pd.DataFrame, endpoint: Endpoint, horizon: int) -> pd.DataFrame:
    """By person, the interview held nearest the horizon, within the tolerance."""
    held = followups.dropna(subset=["day"])
    held = held.assign(distance=(held["day"] - horizon).abs())
    near = held[held["distance"] <= endpoint.tolerance_days]
    return near.sort_values(["person_id", "distance", "day"]).drop_duplicates("person_id").set_index("person_id")


def by_source(people: pd.DataFrame, tables: Tables, endpoint: Endpoint, horizon: int) -> pd.DataFrame:
    """What people report of the look-back of the interview held nearest the horizon, and what tests say of those days.

    Two flags by person, True where there was no use: reported; tested, False with a positive test, True where there are
    tests and all are negative, and missing otherwise. A test that was missed is no test, and tells nothing.
    """
    import pandas as pd

    nearest = _interview(tables["followups"], endpoint, horizon).dropna(subset=["days_used"])
    own = of_substance(tables["screens"], endpoint).merge(
        nearest[["day", "lookback_days"]].rename(columns={"day": "held"}).reset_index(), on="person_id"
    )
    own = own[own["result"].isin(TAKEN)]
    own = own[(own["day"] < own["held"]) & (own["day"] >= own["held"] - own["lookback_days"])]
    taken, clear = own["person_id"].value_counts(), own.loc[own["result"] == NEGATIVE, "person_id"].value_counts()
    negative = clear.index[clear == taken.reindex(clear.index)]
    none = nearest.index[(nearest["days_used"] == 0).fillna(False).astype(bool)]
    reported = _answered(people, none, nearest.index.difference(none))
    tested = _answered(people, negative, own.loc[own["result"] == POSITIVE, "person_id"])
    return pd.DataFrame({"reported": reported, "tested": tested})


def first_use_between(people: pd.DataFrame, tables: Tables, endpoint: Endpoint) -> pd.DataFrame:
    """By person: days (by which use had begun, or the last day known to be free), event, and after_days (the last day
    before it that was known to be free).
    """
    import pandas as pd

    clear, begun = free(tables, endpoint), certain(use(tables, endpoint), endpoint.from_day)
    clear, begun = clear[clear["end"] >= endpoint.from_day], begun[begun["end"] > endpoint.from_day]
    begun = begun.assign(start=begun["start"].clip(lower=endpoint.from_day))
    first = begun.sort_values(["person_id", "end", "start"], kind="stable").drop_duplicates("person_id")
    joined = clear.merge(first.rename(columns={"start": "first", "end": "by"}), on="person_id", how="left")
    # of who used, what is free begins before the stretch that holds the use, and ends before it at the latest
    before = joined[joined["by"].isna() | (joined["start"] < joined["first"])]
    until = before.assign(last=np.minimum(before["end"], (before["first"] - 1).fillna(before["end"])))
    last = until.groupby("person_id")["last"].max()
    who = people["person_id"]
    after = who.map(last).fillna(endpoint.from_day).clip(lower=endpoint.from_day)
    by = who.map(first.set_index("person_id")["end"])
    found = pd.DataFrame({"event": by.notna(), "after_days": after, "days": by.fillna(after)})
    return found.astype({"after_days": "int64", "days": "int64"}).set_axis(who)
