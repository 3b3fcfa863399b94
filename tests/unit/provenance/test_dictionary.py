"""The data dictionary of a release."""

from __future__ import annotations

from iop_outcomes.provenance import dictionary
from iop_outcomes.release import choose
from iop_outcomes.tables import TABLES, check


def test_the_dictionary_tells_every_column_of_what_is_released() -> None:
    told = dictionary.written(choose("cms"))
    for name in ("counts", "estimates", "curves", "diagnostics", "target_trials", "dictionary"):
        own = told[told["table"] == name].set_index("column")
        assert list(own.index) == list(TABLES[name].columns)
        assert own["meaning"].str.len().gt(0).all()
        assert set(own.index[own["key"]]) == set(TABLES[name].key)
    counted = told.dropna(subset=["minimum_cell"])
    assert counted[["table", "column", "minimum_cell"]].to_numpy().tolist() == [
        ["counts", "count", 11], ["estimates", "n", 11], ["estimates", "events", 11], ["curves", "n_risk", 11],
            ["verdicts", "n", 11],
    ]  # fmt: skip
    measured = told[(told["table"] == "estimates") & (told["column"] == "measure")]
    assert measured["values"].item() == "; ".join(
        ("risk", "mean_days", "hazard_ratio", "subdistribution_hazard_ratio", "share_of_weeks", "odds_ratio",
         "risk_ratio", "time_ratio", "log_logistic_time_ratio", "mean_share", "mean_number", "mean_change",
         "adjusted_change", "dose_response", "testing_response", "rise_per_week", "gain",
         "share_in_place", "days_in_place", "by_hours")
    )  # fmt: skip
    assert set(dictionary.written(choose("none"))["minimum_cell"].dropna()) == {1}
    check(TABLES["dictionary"], told)
