"""Sites as they are released: none with few people, never all but one, no count, and a difference as fine as five
people of the smaller arm are.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from release_rows import PLENTY, release, row

from iop_outcomes.release import sites

KEY = {"method": "overlap", "estimand": "ATO", "missing_rule": "missing_is_using", "group_by": "of_site"}
# fewest in a cell, and people of the smaller arm, of each site
SITES = {"site 1": (11, 50), "site 2": (30, 100), "site 3": (10, 60), "site 4": (0, 80), "site 5": (14, 30)}


def released(of: dict[str, tuple[int, int]] = SITES, policy: str = "cms") -> dict[str, pd.DataFrame]:
    estimates = [
        row("risk", "difference", 0.12345, **KEY, group=name) | {"std_error": 0.09876, "p_value": float("nan")}
        for name in of
    ]
    whole = {"estimand": "ATO", "method": "overlap"}
    everyone = [row("risk", name, 0.12345, **whole) for name in ("iop", "residential", "difference", "ratio")]
    over = [row("risk", "difference", 0.12345, **whole, group_by="over_sites", group="within")]
    plain = {"analysis": "abstinence", "cohort": "demo", "contrast": "c", "outcome": "abstinent", "horizon_days": 180,
             "method": "overlap", "missing_rule": "missing_is_using", "group_by": "of_site", "arm": "all",
             "variable": "all", "level": "all", "quantity": "fewest_of_a_site", "status": "info"}  # fmt: skip
    told = [{**plain, "group": name, "value": few, "threshold": arm} for name, (few, arm) in of.items()]
    return release(policy, counts=PLENTY, estimates=[*estimates, *everyone, *over], diagnostics=told)


def of_sites(found: dict[str, pd.DataFrame]) -> dict[str, Any]:
    own = found["estimates"][found["estimates"]["group_by"] == "of_site"]
    return {str(r.group): r for r in own.itertuples()}


def test_sites_with_a_small_cell_are_not_told_and_why_is_the_same_whatever_was_small() -> None:
    found = of_sites(released())
    assert {name for name, r in found.items() if r.status == "ok"} == {"site 1", "site 2", "site 5"}
    assert {r.reason for r in found.values() if r.status != "ok"} == {sites.REASON}


@pytest.mark.parametrize(("site", "step"), [("site 1", 0.1), ("site 2", 0.05), ("site 5", 0.2)])
def test_a_difference_is_as_fine_as_five_people_of_the_smaller_arm_and_nobody_is_counted(
    site: str, step: float
) -> None:
    one = of_sites(released())[site]
    assert one.rounding_error == pytest.approx(step / 2)
    assert one.estimate / step == pytest.approx(round(one.estimate / step))
    assert one.std_error == 0.099
    assert pd.isna(one.n)
    assert pd.isna(one.events)
    assert pd.isna(one.n_effective)


def test_never_is_all_but_one_site_told() -> None:
    """The one with few people could be had from what all sites together tell; with it goes the next smallest."""
    found = of_sites(released({k: v for k, v in SITES.items() if k != "site 4"}))
    assert {name for name, r in found.items() if r.status == "ok"} == {"site 2", "site 5"}
    whole = of_sites(released({k: v for k, v in SITES.items() if v[0] > 10}))
    assert {r.status for r in whole.values()} == {"ok"}


def test_what_is_known_of_a_site_stays_and_within_sites_is_as_fine_as_the_question() -> None:
    found = released()
    assert "fewest_of_a_site" not in set(found["diagnostics"]["quantity"])
    assert not set(found["counts"]["group_by"]) & {"of_site"}
    own = found["estimates"].set_index("group_by")
    within = own.loc["over_sites"]
    same = found["estimates"][(found["estimates"]["group_by"] == "all") & (found["estimates"]["of"] == "difference")]
    assert within["estimate"] == same["estimate"].item()
    assert within["n"] == same["n"].item()


def test_where_everything_may_be_seen_everything_is() -> None:
    found = of_sites(released(policy="none"))
    assert {r.estimate for r in found.values()} == {0.12345}
