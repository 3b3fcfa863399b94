"""The way from records to cohort as counts: attrition, and codes by what became of them."""

from __future__ import annotations

import pandas as pd

from iop_outcomes.analyses import describe
from iop_outcomes.tables import TABLES, check


def test_attrition_adds_up_to_everyone_in_the_records():
    attrition = pd.DataFrame(
        {"position": [0, 1, 2], "rule": ["all", "a", "b"], "excluded": [0, 3, 4], "remaining": [20, 17, 13]}
    )
    intake = pd.DataFrame({"table": ["stays"], "outcome": ["kept"], "rows": [30]})
    counts = describe.run(attrition, intake, "k")["counts"]
    check(TABLES["counts"], counts)
    assert counts.loc[counts["outcome"] == "attrition", "count"].sum() == 20
    assert counts.loc[counts["outcome"] == "attrition", "level"].tolist() == ["01 a", "02 b", "03 Eligible"]


def test_codes_are_counted_by_what_became_of_them_and_named_where_many_share_them():
    attrition = pd.DataFrame({"position": [0], "rule": ["all"], "excluded": [0], "remaining": [20]})
    intake = pd.DataFrame({"table": ["stays"], "outcome": ["kept"], "rows": [178]})
    readings = pd.DataFrame(
        [
            ("listed", None, None, 100, None), ("empty", None, None, 3, None), ("other", "PROB", "other", 40, 30),
            ("other", "X", "other", 15, 5), ("other", "Y", "other", 20, 3), ("never found", "9", "died", 0, 0),
        ],
        columns=["outcome", "code", "meaning", "rows", "people"],
    ).assign(table="stays", column="discharge_reason", instead=None)  # fmt: skip
    counts = describe.run(attrition, intake, "k", readings, 11)["counts"]
    check(TABLES["counts"], counts)
    own = counts[counts["outcome"] == "codes of stays.discharge_reason"].set_index("level")["count"]
    assert own.to_dict() == {
        "listed": 100, "empty": 3, "not listed, taken for other: PROB": 40,
        "not listed, taken for other: 2 codes of few people each": 35,
    }  # fmt: skip
    assert own.sum() == intake["rows"].sum()
    never = counts[counts["outcome"] == "codes never found in stays.discharge_reason"]
    assert never[["level", "count"]].to_numpy().tolist() == [["9", 0]]
    few = describe.run(attrition, intake, "k", readings.assign(rows=[100, 3, 40, 4, 5, 0]), 11)["counts"]
    # how many codes there are would tell of the rows behind them
    assert "not listed, taken for other: codes of few people each" in set(few["level"])
