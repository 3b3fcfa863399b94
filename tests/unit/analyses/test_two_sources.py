"""People by what they report and by what tests say, and the agreement that the report makes of their counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from contrast_people import ask, people_of_a_contrast, run_abstinence

ASKED = ask(step="abstinence", outcome="abstinent", horizon_days=180, missing_rule="observed_only")


@pytest.fixture(scope="module")
def cohort() -> dict[str, pd.DataFrame]:
    known = people_of_a_contrast()
    rng = np.random.default_rng(3)
    n = len(known["abstinence"])
    flags = {
        name: pd.array(rng.choice(np.array([True, False, None], dtype=object), n), dtype="boolean")
        for name in ("reported", "tested")
    }
    return {**known, "abstinence": known["abstinence"].assign(**flags)}


def test_who_has_both_is_counted_by_both_in_each_arm(cohort):
    found = run_abstinence(cohort, ASKED)["counts"]
    own = found[found["variable"] == "report_by_test"]
    assert len(own) == 8
    people = cohort["abstinence"].merge(cohort["scores"][["person_id", "arm"]])
    words = {True: "abstinent", False: "using"}
    for row in own.itertuples():
        arm = people["arm"] == (1 if row.arm == "iop" else 0)
        here = arm & (people["tested"].map(words) == row.group) & (people["reported"].map(words) == row.level)
        assert row.count == here.sum()
    assert set(own["group_by"]) == {"test"}


def test_methods_and_readings_count_them_once(cohort):
    asked = [
        ASKED,
        ask(**{**ASKED.model_dump(), "method": "iptw"}),
        ask(**{**ASKED.model_dump(), "missing_rule": "missing_is_using"}),
    ]
    found = run_abstinence(cohort, *asked)["counts"]
    assert (found["variable"] == "report_by_test").sum() == 8


def test_without_tests_there_are_none(cohort):
    bare = cohort["abstinence"].assign(tested=pd.array([pd.NA] * len(cohort["abstinence"]), dtype="boolean"))
    assert set(run_abstinence({**cohort, "abstinence": bare}, ASKED)["counts"]["variable"]) == {"all"}
    none = cohort["abstinence"].drop(columns=["reported", "tested"])
    assert set(run_abstinence({**cohort, "abstinence": none}, ASKED)["counts"]["variable"]) == {"all"}
