"""An outcome by how many tests a week were scheduled: by hand, beside another implementation, and what it can mean."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from contrast_people import CONTRAST, ENDPOINTS, GATE, INFERENCE, N, ask, people_of_a_contrast

from iop_outcomes.analyses import dose
from iop_outcomes.protocol import Intensity, OfDose
from iop_outcomes.tables import TABLES, check

ASK = ask(
    step="dose", contrast="tests", outcome="abstinent", horizon_days=180, measure="testing_response",
    method="standardised", missing_rule="observed_only",
)  # fmt: skip
SETTING = Intensity(title="", of="tests", cut=2, window_days=28, contrast="c")


@pytest.fixture(scope="module")
def cohort() -> dict[str, pd.DataFrame]:
    return people_of_a_contrast()


def found(cohort: dict[str, pd.DataFrame], tests: object, staying: object = True, **tables: Any) -> dict[str, Any]:
    doses = pd.DataFrame(
        {
            "person_id": cohort["people"]["person_id"], "window_days": 28, "in_care_at_end": staying,
            "at_risk_at_end": True,
            "hours_per_week": np.nan, "tests_per_week": tests, "positive_screens": 0.0, "missed_screens": 0.0,
            "reported_use": np.nan,
        }
    )  # fmt: skip
    given = {**cohort, "dose": check(TABLES["dose"], doses), **tables}
    names = ("people", "arms", "covariates", "retention", "dose", "abstinence", "first_use")
    made = dose.run(
        *(given[n] for n in names), *(TABLES[n].empty() for n in ("doses", "onward")), [ASK],
        OfDose(intensities={"tests": SETTING}),
        {"c": CONTRAST},
        ENDPOINTS, GATE, INFERENCE,
    )  # fmt: skip
    for name, table in made.items():
        check(TABLES[name], table)
    return made


def values(made: dict[str, Any], arm: str) -> pd.Series:
    own = made["estimates"]
    return own[own["group"] == arm].set_index("of")["estimate"]


def drawn(rng: np.random.Generator) -> np.ndarray:
    return rng.choice([1.0, 1.5, 2.0, 3.0], N)


def test_without_covariates_that_differ_shares_are_those_of_the_people(cohort):
    """Share of those seen, by tests from the cut on and below it; who had left by the window's end is not asked."""
    tests, staying = drawn(np.random.default_rng(1)), np.arange(N) % 5 > 0
    alike = cohort["covariates"].assign(age=40.0, sex=pd.Categorical(["male"] * N, ["male", "female"]))
    made = found(cohort, tests, staying, covariates=alike)
    answers = cohort["abstinence"]
    seen = answers["abstinent"].notna().to_numpy() & staying
    for arm, value in (("iop", 1), ("residential", 0)):
        own = seen & (cohort["arms"]["arm"] == value).to_numpy()
        yes = answers["abstinent"].fillna(False).to_numpy(dtype=bool)
        expected = yes[own & (tests >= 2)].mean(), yes[own & (tests < 2)].mean()
        assert values(made, arm)[["more_tests", "fewer_tests"]].tolist() == pytest.approx(expected, abs=1e-8)
        assert values(made, arm)["difference"] == pytest.approx(expected[0] - expected[1], abs=1e-8)
    counts = made["counts"]
    assert counts["count"].sum() == staying.sum()
    assert set(zip(counts["group_by"], counts["group"], strict=True)) == {
        ("arm_by_tests", "iop"), ("arm_by_tests", "residential")
    }  # fmt: skip
    assert set(counts["arm"]) == {"more_tests", "fewer_tests"}


def test_standardised_shares_are_those_of_statsmodels(cohort):
    """The means of its predictions with everyone on either side, over the people of the arm who were seen."""
    import statsmodels.api as sm

    tests = drawn(np.random.default_rng(2))
    made = found(cohort, tests)
    answers = cohort["abstinence"]
    for arm, value in (("iop", 1), ("residential", 0)):
        seen = answers["abstinent"].notna().to_numpy()
        own = seen & (cohort["arms"]["arm"] == value).to_numpy()
        beside = np.column_stack(
            [cohort["covariates"]["age"], (cohort["covariates"]["sex"] == "female").astype(float)]
        )[own]  # fmt: skip
        x = np.column_stack([np.ones(own.sum()), (tests >= 2)[own], beside])
        fit = sm.Logit(answers["abstinent"][own].astype(float).to_numpy(), x).fit(disp=0)
        expected = [fit.predict(np.column_stack([x[:, :1], np.full(len(x), s), beside])).mean() for s in (1.0, 0.0)]
        assert values(made, arm)[["more_tests", "fewer_tests"]].tolist() == pytest.approx(expected, abs=1e-6)


def test_where_tests_only_find_more_the_difference_is_detection(cohort):
    """Use is the same whoever is tested; a test finds it in half of those with it, and three tests in 7 of 8."""
    rng = np.random.default_rng(3)
    tests, used = rng.choice([1.0, 3.0], N), rng.random(N) < 0.5
    clear = rng.random(N) < 0.5**tests
    seen = cohort["abstinence"].assign(abstinent=pd.array(~used | clear, dtype="boolean"), mature=True)
    made = found(cohort, tests, abstinence=seen)
    for arm in ("iop", "residential"):
        own = made["estimates"]
        row = own[(own["group"] == arm) & (own["of"] == "difference")].iloc[0]
        assert abs(row["estimate"] - (0.5 * 0.125 - 0.5 * 0.5)) < 4 * row["std_error"]
        assert row["conf_high"] < 0


def test_what_cannot_be_compared_says_why(cohort):
    silent = found(cohort, 0.0)["estimates"]
    assert set(silent["reason"]) == {"no tests are recorded in this cohort"}
    assert set(silent["status"]) == {"not_possible"}
    alike = found(cohort, 1.0)["estimates"]
    assert alike["reason"].str.contains("the same side of the cut").all()
    few = np.where(np.arange(N) < 12, 3.0, 1.0)
    gated = found(cohort, few)["estimates"]
    assert set(gated["status"]) == {"gated"}
    assert gated["reason"].str.contains("'more_tests'").all()
