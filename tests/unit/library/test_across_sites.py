"""Sites from a notebook: the parts are those of the estimators, and what cannot be asked is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import iop_outcomes as iop
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.random_effects import across

ARMS = ("arm", "iop", "residential")


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    site, mark = rng.integers(0, 6, 700), rng.integers(0, 2, 700)
    first = rng.random(700) < 0.25 + 0.08 * site + 0.1 * mark
    free = rng.random(700) < 0.4 + 0.05 * site + 0.1 * mark - 0.1 * first
    return pd.DataFrame({"arm": np.where(first, "iop", "residential"), "mark": np.where(mark, "yes", "no"),
                         "free": free.astype(float), "site": [f"s{n}" for n in site]})  # fmt: skip


def rows(table: pd.DataFrame, of: str) -> pd.DataFrame:
    return table[table["of"] == of]


def test_sites_are_weighted_by_one_score_and_taken_together(people: pd.DataFrame) -> None:
    found = iop.across_sites(people, *ARMS, ["mark"], "free", "site")
    assert list(rows(found, "site")["site"]) == [f"s{n}" for n in range(6)]
    score = iop.propensity_score(people, *ARMS, ["mark", "site"])
    own = people[people["site"] == "s2"]
    means = [np.average(g["free"], weights=score.loc[g.index, "overlap"]) for _, g in own.groupby("arm")]
    assert rows(found, "site")["estimate"].iloc[2] == pytest.approx(means[0] - means[1])
    both = across(rows(found, "site")["estimate"], rows(found, "site")["std_error"])
    mean = rows(found, "together").iloc[0]
    assert (mean["estimate"], mean["conf_low"], mean["p_value"]) == (both.value, both.low, both.p_value)
    assert mean["least_without_one"] == both.without.min()
    assert rows(found, "one more")["conf_high"].item() == both.next_high
    assert list(found["of"].iloc[-3:]) == ["within", "between", "between less within"]


def test_order_changes_nothing_and_who_has_no_outcome_is_left_out(people: pd.DataFrame) -> None:
    found = iop.across_sites(people, *ARMS, ["mark"], "free", "site")
    more = pd.concat([people, people.head(50).assign(free=np.nan)]).sample(frac=1, random_state=1)
    again = iop.across_sites(more, *ARMS, ["mark"], "free", "site")
    pd.testing.assert_frame_equal(found, again, rtol=1e-7)


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"fewest": 400}, "0 of 6 sites have 400"), ({"weights": "none"}, "`weights` is one of"),
     ({"site": "place"}, "place")],
)  # fmt: skip
def test_what_cannot_be_asked_is_named(people: pd.DataFrame, changes: dict[str, Any], said: str) -> None:
    given = {"site": "site", **changes}
    with pytest.raises(EstimationError, match=said):
        iop.across_sites(people, *ARMS, ["mark"], "free", **given)
