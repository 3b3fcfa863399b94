"""Endpoints of use patterns from a frame: columns, their types, rows of one's own, and what is refused."""

from __future__ import annotations

import pandas as pd
import pytest

import iop_outcomes as iop
from iop_outcomes.errors import EstimationError

TESTS = pd.DataFrame({"who": ["b", "a", "c"], "pattern": ["-+o-", "++++", "+"]}, index=[7, 3, 5])
OWN = pd.DataFrame(
    [
        {"name": "Rs_two", "version": "mine", "value": "survival", "statistic": "first", "counts": "positive",
         "at_least": 2, "missed": "positive"},
        {"name": "Rd_end", "version": "mine", "value": "proportion", "statistic": "share", "counts": "negative",
         "start": 3, "end": 4},
        {"name": "Ab_end", "version": "mine", "value": "logical", "statistic": "share", "counts": "negative",
         "start": 3, "end": 4, "at_least": 0.5},
    ]
)  # fmt: skip


def test_a_row_of_ones_own_gives_its_columns() -> None:
    found = iop.endpoints(TESTS, person="who", version="mine", own=OWN)
    assert list(found.columns) == ["who", "RsT_two", "RsE_two", "Rd_end", "Ab_end"]
    assert found.index.tolist() == [7, 3, 5]
    assert found["who"].tolist() == ["b", "a", "c"]
    assert found["RsT_two"].tolist() == [2, 1, pd.NA]
    assert found["RsE_two"].tolist() == [True, True, pd.NA]
    assert found["Rd_end"].fillna(-1).tolist() == [0.5, 0, -1]
    assert found["Ab_end"].tolist() == [True, False, pd.NA]
    assert found.dtypes.astype(str).tolist()[1:] == ["Int64", "boolean", "float64", "boolean"]


def test_one_name_and_all_of_a_version() -> None:
    one = iop.endpoints(TESTS, "RsE_two", version="mine", own=OWN)
    assert list(one.columns) == ["RsT_two", "RsE_two"]
    long = pd.DataFrame({"pattern": ["-+o*" * 6]})
    every = iop.endpoints(long)
    assert every.shape == (1, 62)
    assert iop.endpoints(long, ["Rd_fiellin_2006"]).loc[0, "Rd_fiellin_2006"] == pytest.approx(9 / 24)
    assert iop.endpoints(long, "Rd_fiellin_2006", version="as_published").iloc[0, 0] == pytest.approx(6 / 24)


def test_patterns_of_days() -> None:
    days = pd.DataFrame({"pattern": ["-_-_-__" * 5]})
    found = iop.endpoints(days, "Ab_ling_1998", version="as_published", interval_days=1)
    assert found["Ab_ling_1998"].tolist() == [True]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"names": "Rd_fielin_2006"}, r"Did you mean 'Rd_fiellin_2006'\?"),
        ({"pattern": "patern"}, r"no column 'patern'. Did you mean 'pattern'\?"),
        ({"pattern": "number"}, "'number' holds no texts"),
        ({"pattern": "wrong"}, "1 texts hold a symbol that is none of"),
        ({"names": "Rd_strang_2019"}, "a window to week 12, and nobody is followed that far"),
        ({"names": "Ab_ling_1998", "version": "as_published"}, "of single tests, 3 a week"),
        ({"own": OWN.assign(counts="positiv"), "version": "mine"}, r"the table of endpoints, row 1 \(Rs_two\), column"),
    ],
)
def test_what_is_refused(given: dict[str, object], said: str) -> None:
    data = TESTS.assign(number=1, wrong=["-", "?", "+"])
    with pytest.raises(EstimationError, match=said):
        iop.endpoints(data, **given)
