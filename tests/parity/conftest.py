"""Reference values computed in R, and how close is close.

`oracle(name)` reads ../shared/oracles and skips without it; `frozen` is the handful of values that ships with
the project, for the uis data that ship with it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from agreement import Agreement

if TYPE_CHECKING:
    import pandas as pd


@pytest.fixture(scope="session")
def oracle(shared: Path) -> Callable[[str], dict[str, Any]]:
    """The entry of one name: title, r_code, values, tolerance, notes."""
    path = shared / "oracles" / "oracles.json"
    if not path.is_file():
        pytest.skip("needs oracles/oracles.json in the shared folder")
    entries = json.loads(path.read_text())["oracles"]
    return lambda name: entries[name]


@pytest.fixture(scope="session")
def reference_data(shared: Path) -> Callable[[str], pd.DataFrame]:
    """One of the data files that the oracles were computed from."""
    import pandas as pd

    return lambda name: pd.read_csv(shared / "oracles" / "data" / f"{name}.csv")


@pytest.fixture(scope="session")
def uis(project: Path) -> pd.DataFrame:
    """The uis data as they ship in R's quantreg, 575 rows."""
    import pandas as pd

    path = project / "data" / "uis" / "uis.csv"
    if not path.is_file():
        pytest.skip("needs data/uis/uis.csv")
    return pd.read_csv(path)


@pytest.fixture(scope="session")
def frozen() -> dict[str, Any]:
    """references/uis.json."""
    return json.loads((Path(__file__).parent / "references" / "uis.json").read_text())


@pytest.fixture(scope="session")
def agreement(request: pytest.FixtureRequest) -> Iterator[Agreement]:
    """All comparisons of the session; written where IOP_OUTCOMES_AGREEMENT says."""
    found = Agreement()
    yield found
    if path := os.environ.get("IOP_OUTCOMES_AGREEMENT"):
        found.write(Path(path))


@pytest.fixture(scope="session")
def agree(agreement: Agreement) -> Callable[..., None]:
    """Relative agreement within the tolerance, absolute for references below a thousandth."""

    def check(ours: object, theirs: object, tolerance: float) -> None:
        mine, reference = np.asarray(ours, dtype=float).ravel(), np.asarray(theirs, dtype=float).ravel()
        assert mine.shape == reference.shape
        assert np.isfinite(reference).all()
        scale = np.where(np.abs(reference) < 1e-3, 1.0, np.abs(reference))
        gap = np.abs(mine - reference) / scale
        worst = float(gap.max())
        caller = sys._getframe(1)
        code = caller.f_code
        agreement.note(Path(code.co_filename), code.co_name, caller.f_lineno, mine, reference, gap, tolerance)
        assert worst <= tolerance, f"off by {worst:.2e} where {tolerance:g} is allowed: {mine} against {reference}"

    return check
