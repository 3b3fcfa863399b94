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
    own = counts.loc[counts["outcome"] == "attrition", ["position", "level"]]
    assert own.to_numpy().tolist() == [[1, "a"], [2, "b"], [3, "Eligible"]]


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
    own = counts[counts["outcome"] == "codes"].set_index(["group", "variable", "level", "detail"])["count"]
    column = "stays", "discharge_reason"
    assert own.to_dict() == {
        (*column, "listed", ""): 100, (*column, "empty", ""): 3, (*column, "not listed, taken for other", "PROB"): 40,
        (*column, "not listed, taken for other", "2 codes of few people each"): 35,
    }  # fmt: skip
    assert own.sum() == intake["rows"].sum()
    never = counts[counts["outcome"] == "codes_never_found"]
    assert never[["detail", "count"]].to_numpy().tolist() == [["9", 0]]
    few = describe.run(attrition, intake, "k", readings.assign(rows=[100, 3, 40, 4, 5, 0]), 11)["counts"]
    # how many codes there are would tell of the rows behind them
    assert "codes of few people each" in set(few["detail"])
