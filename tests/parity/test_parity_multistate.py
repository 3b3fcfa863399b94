"""State occupancy and time in states against R's survfit of several states, with robust standard errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from iop_outcomes.estimators.survival.courses import Course, course
from iop_outcomes.estimators.survival.multistate import days_in_states, occupancy

REFERENCE = json.loads((Path(__file__).parent / "references" / "multistate.json").read_text())
# in R's names: whose rows, whose states, and whether weighted
CASES = {
    "plain": ("rows", "states", False),
    "weighted": ("rows", "states", True),
    "uis": ("uis_rows", "uis_states", False),
    "uis_weighted": ("uis_rows", "uis_states", True),
}


def people(case: str) -> tuple[Course, dict[str, np.ndarray]]:
    rows, states, weighted = CASES[case]
    own, names = REFERENCE[rows], REFERENCE[states]
    codes = {name: at for at, name in enumerate(names)} | {"": -1}
    _, first, person = np.unique(own["id"], return_index=True, return_inverse=True)
    state, to = ([codes[name] for name in own[column]] for column in ("state", "to"))
    made = course(names, person, own["entry"], own["exit"], state, to)
    return made, {"weight": np.array(own["w"])[first]} if weighted else {}


@pytest.mark.parametrize("case", CASES)
def test_shares_of_people_in_each_state(case: str, agree: Any) -> None:
    made, weights = people(case)
    found = occupancy(made, REFERENCE["times"], **weights)
    agree(found.value, REFERENCE[case]["share"], 1e-9)
    agree(found.standard_error(), REFERENCE[case]["share_se"], 1e-9)


@pytest.mark.parametrize("case", CASES)
def test_mean_days_in_each_state(case: str, agree: Any) -> None:
    made, weights = people(case)
    found = days_in_states(made, REFERENCE["times"], **weights)
    agree(found.value, REFERENCE[case]["days"], 1e-9)
    agree(found.standard_error(), REFERENCE[case]["days_se"], 1e-9)
    # what R prints: of weighted people it leaves the weights out
    agree(np.sqrt((found.gradient**2).sum(axis=0)), REFERENCE[case]["days_se_without_weights"], 1e-9)
