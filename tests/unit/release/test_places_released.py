"""Where people are, as it may be seen: on whom a share rests, how fine it is, and places of few people."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from parts import endpoint
from release_rows import ENDPOINTS, counts_of, diagnostic, only, release, row

NUMBER = 0.123456789
ON_DAY, BEFORE = "place_on_day", "place_before_day"
RES, IOP, OUT = "at_residential", "at_intensive_outpatient", "out_otherwise"
PLACE = {"outcome": "place_of_care", "missing_rule": "none", "method": "overlap", "estimand": "ATO"}
OTHERS = {RES: 203, IOP: 98, OUT: 151, "not_yet_observed": 22}


def cells(iop: dict[str, int], group_by: str = ON_DAY, group: str = "all", others: dict[str, int] | None = None) -> Any:
    key = {"outcome": "place_of_care", "group_by": group_by, "group": group}
    return counts_of("iop", iop, **key) + counts_of("residential", others or OTHERS, **key)


def asked(place: str, measure: str = "share_in_place", number: float = NUMBER, group_by: str = ON_DAY) -> Any:
    return [row(measure, of, number, **PLACE, group_by=group_by, group=place)
            for of in ("iop", "residential", "difference")]  # fmt: skip


def released(policy: str = "cms", **tables: Any) -> dict[str, Any]:
    known = {**ENDPOINTS, "place_of_care": endpoint("place_of_care", "place_of_care")}
    return release(policy, endpoints=known, **tables)


def test_everyone_stands_behind_a_share_and_those_in_the_place_are_its_events() -> None:
    """Counts are rounded to the nearest five, as other tables count the same people to within a few."""
    found = released(counts=cells({RES: 41, IOP: 151, OUT: 102, "not_yet_observed": 31}), estimates=asked(IOP))
    one = only(found["estimates"], of="iop")
    assert (one.n, one.events) == (325, 150)
    assert one.estimate == pytest.approx(0.12)  # five of 325 people are 0.015, told as 0.02
    assert one.rounding_error == pytest.approx(0.01)
    assert set(found["counts"]["rounded_to"]) == {5}


@pytest.mark.parametrize("policy", ["cms", "opensafely", "acro", "strict"])
def test_a_place_of_few_is_withheld_and_no_other_gives_it_back(policy: str) -> None:
    few = {RES: 4, IOP: 151, OUT: 170}
    held = {"quantity": "held_by_two", "status": "info", "threshold": 1.0, "horizon_days": 180,
            "analysis": "abstinence", "group_by": ON_DAY}  # fmt: skip
    plain = {k: v for k, v in PLACE.items() if k != "estimand"}
    known = [
        diagnostic("share_in_place", 0.1, arm=arm, group=place, **{**plain, **held})
        for arm in ("iop", "residential") for place in (RES, IOP, OUT)
    ]  # fmt: skip
    rows = [r for place in (RES, IOP, OUT) for r in asked(place)]
    found = released(policy, counts=cells(few), estimates=rows, diagnostics=known)
    status = found["estimates"].set_index(["group", "of"])["status"]
    assert status[RES, "iop"] == status[RES, "difference"] == "suppressed"
    assert status[IOP, "iop"] == status[IOP, "residential"] == "ok"
    told = found["counts"].query("arm == 'iop'").set_index("level")
    assert told["count"].notna().sum() < 3
    assert pd.isna(told.loc[RES, "count"])
    # what is left of everyone by the ranges of the others holds several numbers
    low = 325 - told.loc[[IOP, OUT], "count_high"].astype(float).fillna(325).sum()
    high = 325 - told.loc[[IOP, OUT], "count_low"].astype(float).fillna(0).sum()
    assert high - low >= 4


def test_days_stand_on_those_who_were_there_on_some_day() -> None:
    days = {"measure": "days_in_place", "group_by": BEFORE, "number": 21.2345}
    enough, few = {"event": 120, "no_event": 205}, {"event": 6, "no_event": 319}
    others = {"event": 300, "no_event": 174}
    for iop, expected in ((enough, "ok"), (few, "suppressed")):
        # beside shares of the same day, which do not stand in for them
        both = cells(iop, BEFORE, RES, others) + cells({RES: 90, IOP: 235})
        found = released(counts=both, estimates=asked(RES, **days))["estimates"]
        assert only(found, of="iop").status == only(found, of="difference").status == expected
        assert only(found, of="residential").status == "ok"
    assert only(found, of="residential").estimate == pytest.approx(22)  # told to two days: five of 474 people make 1.9


def test_of_places_that_nobody_counts_nothing_is_told() -> None:
    found = released(estimates=asked(RES))["estimates"]
    assert set(found["reason"]) == {"the people behind it are not counted"}
