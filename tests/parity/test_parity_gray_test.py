"""Gray's test against R's cmprsk::cuminc."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from iop_outcomes.estimators.survival.gray import gray_test

REFERENCE = json.loads((Path(__file__).parent / "references" / "gray_test.json").read_text())
D = {key: np.array(values) for key, values in REFERENCE["data"].items()}


@pytest.mark.parametrize("which", [1, 2])
@pytest.mark.parametrize(
    ("key", "changed"),
    [
        ("plain", {"time": D["time"]}),
        ("days", {}),
        ("two", {"group": D["group"] > 0}),
        ("strata", {"strata": D["stratum"]}),
        ("rho", {"strata": D["stratum"], "rho": 1.0}),
        ("expanded", {"strata": D["stratum"], "frequency": D["copies"]}),
        # one group is seen for three days only
        ("last", {"frequency": 1.0 * ~((D["group"] == 2) & (D["days"] > 3))}),
    ],
)
def test_cuminc(key: str, changed: dict[str, Any], which: int, agree: Any) -> None:
    given = {"time": D["days"], "cause": D["cause"], "group": D["group"], **changed}
    found = gray_test(which=which, **given)
    statistic, p, degrees = REFERENCE["values"][key][which - 1]
    agree(found.statistic, statistic, 1e-10)
    agree(found.p_value, p, 1e-9)
    assert found.degrees == degrees
