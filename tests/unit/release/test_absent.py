"""Levels that nobody of a group is in, where nobody may not be shown: they have rows as others have."""

from __future__ import annotations

import pytest
from release_rows import counts_of, four, only, release
from results_rows import made

from iop_outcomes.release.absent import named
from iop_outcomes.release.policy import POLICIES

CELLS = counts_of("iop", {"abstinent": 60, "using": 40, "missing": 25}) + counts_of(
    "residential", {"abstinent": 45, "using": 45}
)


@pytest.mark.parametrize("policy", ["acro", "strict"])
def test_a_level_of_nobody_is_named_and_not_told(policy: str) -> None:
    found = release(policy, counts=CELLS, estimates=four(missing_rule="missing_is_using"))["counts"]
    own = only(found, arm="residential", level="missing")
    assert own.status == "suppressed"
    assert not found[(found["arm"] == "residential") & (found["level"] == "using")].empty


@pytest.mark.parametrize("policy", ["cms", "opensafely", "none"])
def test_where_nobody_may_be_shown_counts_stay_as_they_are(policy: str) -> None:
    counts = made("counts", CELLS)
    assert named(counts, ["abstinent"], POLICIES[policy]) is counts


def test_only_outcomes_and_their_days_are_filled_up_and_nothing_twice() -> None:
    acro = POLICIES["acro"]
    counts = made("counts", [*CELLS, *(cell | {"horizon_days": 90} for cell in CELLS[3:])])
    filled = named(counts, ["abstinent"], acro)
    assert len(filled) == len(counts) + 1  # on day 90 no one has a missing answer, and none is named
    assert named(filled, ["abstinent"], acro) is filled
    assert named(counts, ["other"], acro) is counts
