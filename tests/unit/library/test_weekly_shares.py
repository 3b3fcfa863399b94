"""Shares of people with a negative test by interval: by hand, and of three trials."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import iop_outcomes as iop
from iop_outcomes.errors import EstimationError


def test_by_hand() -> None:
    """Week 1: one of two tested is negative; week 2: of two that were due one was missed; week 3: one is due."""
    data = pd.DataFrame({"text": ["-o*", "+-", "__"]})
    found = iop.weekly_shares(data, "text")
    assert found["interval"].tolist() == [1, 2, 3]
    assert found[["negative", "tested", "missed"]].to_numpy().tolist() == [[1, 2, 0], [1, 1, 1], [0, 1, 0]]
    assert found["missing_is_using"].tolist() == pytest.approx([1 / 2, 1 / 2, 0])
    assert found["observed_only"].tolist() == pytest.approx([1 / 2, 1, 0])


def test_groups_and_the_number_of_the_first_interval() -> None:
    data = pd.DataFrame({"text": ["--", "+o", "-+"], "arm": ["a", "b", "a"]})
    found = iop.weekly_shares(data, "text", by="arm", first=0).set_index(["group", "interval"])
    assert found["negative"].to_dict() == {("a", 0): 2, ("a", 1): 1, ("b", 0): 0, ("b", 1): 0}
    assert found.at[("b", 1), "missing_is_using"] == 0
    assert pd.isna(found.at[("b", 1), "observed_only"])


def test_a_symbol_that_is_none_is_refused_without_its_text() -> None:
    with pytest.raises(EstimationError, match="1 texts hold a symbol that is none of") as wrong:
        iop.weekly_shares(pd.DataFrame({"text": ["-+", "-Q"]}), "text")
    assert "-Q" not in str(wrong.value)


def test_week_12_of_the_three_trials(shared: Path) -> None:
    """3,560 people: 24.9 % negative with missing as use, 68.5 % of those tested."""
    published = pd.read_csv(shared / "data" / "ctn0094" / "published_endpoints.csv", dtype=str)
    assert len(published) == 3560
    found = iop.weekly_shares(published, "usePatternUDS").set_index("interval")
    # shorter patterns than 12 weeks: there are none, so that everyone was due or missed
    assert found.at[12, "tested"] + found.at[12, "missed"] == 3560
    assert round(100 * found.at[12, "missing_is_using"], 1) == 24.9
    assert round(100 * found.at[12, "observed_only"], 1) == 68.5
