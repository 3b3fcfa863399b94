"""Doses as a study writes them."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from iop_outcomes.protocol import Doses

GRID = {"title": "t", "contrast": "c", "hours": [9, 12], "weeks": [4, 13]}


def test_a_grid_decides_the_weeks_of_its_longest_dose() -> None:
    assert Doses.model_validate(GRID).decided == 13


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"hours": []}, "at least 1 item"),
        ({"hours": [12, 9]}, "`hours` must rise, each number once"),
        ({"weeks": [4, 4]}, "`weeks` must rise"),
        ({"hours": [0]}, "greater than 0"),
        ({"weeks": [0]}, "greater than or equal to 1"),
        ({"fewest_near": 19}, "greater than or equal to 20"),
    ],
)
def test_what_is_no_grid_is_refused(changed: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Doses.model_validate({**GRID, **changed})
