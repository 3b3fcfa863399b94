"""Headline numbers computed twice: the second by lifelines or statsmodels, and what becomes of a disagreement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from parts import contrast

from iop_outcomes.analyses import libraries, twice
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.estimators.causal.effects import mean_by_arm
from iop_outcomes.estimators.cox import cox
from iop_outcomes.estimators.survival import cuminc
from iop_outcomes.protocol import Analysis, Inference
from iop_outcomes.release import second_opinion
from iop_outcomes.report import about
from iop_outcomes.tables import TABLES

Curve = Callable[..., float]


@pytest.fixture(scope="module")
def people() -> dict[str, Any]:
    rng = np.random.default_rng(5)
    n = 300
    days = np.ceil(rng.exponential(50, n)).clip(max=120)
    cause = np.where(days >= 120, 0, rng.integers(0, 4, n))
    return {"days": days, "cause": cause, "arm": rng.integers(0, 2, n), "weight": rng.uniform(0.2, 3, n)}


@pytest.mark.parametrize("weighted", [True, False])
def test_the_libraries_answer_as_the_estimators_do(people: dict[str, Any], weighted: bool) -> None:
    days, cause = people["days"], people["cause"]
    weight = people["weight"] if weighted else np.ones(len(days))
    assert libraries.staying(days, cause > 0, weight, 60) == pytest.approx(
        cuminc.survival(days, cause > 0, 60, weight).value[0], rel=1e-12
    )
    assert libraries.mean_days(days, cause > 0, weight, 60) == pytest.approx(
        cuminc.restricted_mean(days, cause > 0, 60, weight).value[0], rel=1e-12
    )
    for which in (1, 2, 3):
        assert libraries.incidence(days, cause, which, weight, 60) == pytest.approx(
            cuminc.cumulative_incidence(days, cause, which, 60, weight).value[0], rel=1e-12
        )
    ours = cox.cox(people["arm"][:, None].astype(float), days, cause == 1, ["arm"], weight=weight).estimate.value[0]
    assert libraries.hazard_ratio(people["arm"], days, cause == 1, weight, None) == pytest.approx(ours, abs=1e-7)
    if not weighted:
        assert libraries.hazard_ratio_again(people["arm"], days, cause == 1, None) == pytest.approx(ours, abs=1e-7)
    mean = mean_by_arm(cause == 1, people["arm"], weight).value[0]
    here = people["arm"] == 1
    assert libraries.mean((cause == 1)[here].astype(float), weight[here]) == pytest.approx(mean, rel=1e-12)


def test_one_minus_kaplan_meier_and_weights_left_out_would_be_found(people: dict[str, Any]) -> None:
    days, cause, weight = people["days"], people["cause"], people["weight"]
    right = libraries.incidence(days, cause, 1, weight, 60)
    wrong = 1 - cuminc.survival(days, cause == 1, 60, weight).value[0]
    assert not twice._row(ASK, "a", wrong, right, "l")["agrees"]
    unweighted = cuminc.cumulative_incidence(days, cause, 1, 60).value[0]
    assert not twice._row(ASK, "a", unweighted, right, "l")["agrees"]
    assert twice._row(ASK, "a", right * (1 + 1e-8), right, "l")["agrees"]


KEY = {
    "analysis": "leaving", "cohort": "c", "contrast": "iop_vs_res", "outcome": "left", "horizon_days": 60,
    "estimand": "ATO", "method": "overlap", "missing_rule": "none", "measure": "risk",
}  # fmt: skip
ASK = Analysis.model_validate({**KEY, "step": "retention"})
SCORE = ASK.model_copy(update={"measure": "propensity_score"})
CONTRAST = contrast("a", "b")


def estimates(**changes: Any) -> pd.DataFrame:
    rows = [
        {
            **KEY, "of": of, "group_by": "all", "group": "all", "estimate": value, "std_error": 0.1, "conf_low": 0.1,
            "conf_high": 0.9, "p_value": 0.5, "n": 100, "events": 30, "n_effective": 90.0, "status": "ok", "reason": "",
            "rounding_error": 0.0, **changes,
        }
        for of, value in (("iop", 0.3), ("res", 0.4), ("difference", -0.1), ("ratio", 0.75))
    ]  # fmt: skip
    table = TABLES["estimates"]
    return pd.DataFrame(rows, columns=list(table.columns)).astype({n: c.dtype for n, c in table.columns.items()})


def computed(*rows: tuple[str, float, float], ask: Analysis = ASK, **changes: Any) -> pd.DataFrame:
    made = [{**twice._row(ask, of, first, second, "Cox, lifelines"), **changes} for of, first, second in rows]
    table = TABLES["twice"]
    return pd.DataFrame(made, columns=list(table.columns)).astype({n: c.dtype for n, c in table.columns.items()})


def test_what_is_not_confirmed_is_disputed_with_both_numbers_and_so_is_what_follows_from_it() -> None:
    found = second_opinion.marked(estimates(), computed(("iop", 0.3, 0.31), ("res", 0.4, 0.4)))
    told = found.set_index("of")
    assert list(told["status"]) == ["disputed", "ok", "disputed", "disputed"]
    assert told.loc["iop", "reason"] == "computed twice: 0.3, and 0.31 (Cox, lifelines)"
    assert told.loc["difference", "reason"] == "computed twice, and the two do not agree on one of its arms"
    assert told.loc["iop", "estimate"] == 0.3


def test_what_agrees_stays_as_it_is_and_what_is_withheld_stays_withheld() -> None:
    pd.testing.assert_frame_equal(second_opinion.marked(estimates(), computed(("iop", 0.3, 0.3))), estimates())
    hidden = estimates(status="suppressed", estimate=np.nan, reason="withheld")
    pd.testing.assert_frame_equal(second_opinion.marked(hidden, computed(("iop", 0.3, 0.31))), hidden)


def test_the_second_number_of_a_crude_row_is_not_told() -> None:
    other = computed(("iop", 0.3, 0.31), method="crude")
    found = second_opinion.marked(estimates(method="crude", estimand="as_observed"), other)
    assert found["status"][0] == "disputed"
    assert "0.31" not in " ".join(found["reason"])


def test_the_second_number_of_a_rounded_row_is_not_told() -> None:
    found = second_opinion.marked(estimates(rounding_error=0.005), computed(("iop", 0.3021, 0.3117)))
    assert found["status"][0] == "disputed"
    assert found["reason"][0] == "computed twice, and the two do not agree (Cox, lifelines)"


def test_a_disputed_score_disputes_what_stands_on_it() -> None:
    wrong = computed(("all", -100.0, -90.0), ask=SCORE)
    assert set(second_opinion.marked(estimates(), wrong)["status"]) == {"disputed"}
    crude = estimates(method="crude", estimand="as_observed")
    assert set(second_opinion.marked(crude, wrong)["status"]) == {"ok"}


def test_the_report_says_how_many_agree_and_says_first_where_some_do_not() -> None:
    agreed = computed(("iop", 0.3, 0.3), ("res", 0.4, 0.4))
    left = pd.DataFrame([twice._left_out(ASK, "no library has it")])
    both = pd.concat([agreed, left.astype(agreed.dtypes.to_dict())], ignore_index=True)
    said = about.computed_twice(second_opinion.told(both, "c"))
    assert said is not None
    assert (said.text, said.tone) == ("Computed twice, by two implementations: 2 of 2 agree to 1e-6.", "")
    some = about.computed_twice(second_opinion.told(computed(("iop", 0.3, 0.31), ("res", 0.4, 0.4)), "c"))
    assert some is not None
    assert some.tone == "caution"
    assert "1 of 2 agree" in some.text
    assert about.computed_twice(TABLES["diagnostics"].empty()) is None
    many = about.computed_twice(second_opinion.told(both, "c"), people=50_001)
    assert many.text.endswith(
        "; where more than 50\u202f000 people are compared, on 20\u202f000 of them, drawn by a seed."
    )
    assert "drawn" not in about.computed_twice(second_opinion.told(both, "c"), people=50_000).text
    rows = second_opinion.told(both, "c")
    assert set(rows["quantity"]) == {"computed_twice", "two_agree", "not_computed_twice"}


def test_many_people_are_sampled_the_same_way_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twice, "MOST", 50)
    monkeypatch.setattr(twice, "SAMPLED", 40)
    scores = pd.DataFrame(
        {"person_id": [f"p{i}" for i in range(100)], "arm": [i % 2 for i in range(100)], "site_id": "s"}
    )
    one, two = (twice._chosen(Sample.of(scores, CONTRAST, Inference())) for _ in range(2))
    assert len(one.scores) == 40
    assert list(one.scores["person_id"]) == list(two.scores["person_id"])


def test_a_library_that_fails_ends_no_run_and_quotes_nothing() -> None:
    def numbers() -> Any:
        yield twice._row(ASK, "iop", 0.3, 0.3, "l")
        raise ValueError("person P001 has 12.5")

    found = twice._told(ASK, numbers())
    assert [row["reason"] for row in found] == ["", "the library could not compute it (ValueError)"]
    assert found[1]["agrees"] is None


def test_a_score_of_several_arms_is_left_out_by_name_sampled_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    n = 90
    scores = pd.DataFrame({"person_id": [f"p{i}" for i in range(n)], "arm": [i % 3 for i in range(n)], "site_id": "s"})
    gates = pd.DataFrame({"method": ["overlap"], "status": ["ok"]})
    empty = {name: TABLES[name].empty() for name in ("retention", "abstinence", "first_use", "estimates")}
    ask = ASK.model_copy(update={"step": "abstinence", "method": "overlap_imputed"})
    for most in (1000, 20):
        monkeypatch.setattr(twice, "MOST", most)
        found = twice.run(
            **empty, scores=scores, gates=gates, rows=[ask], contrast=CONTRAST, endpoints={}, inference=Inference()
        )
        assert list(found["twice"]["reason"]) == ["statsmodels has no multinomial score of this size"]
