"""Weights for hours of the first weeks: use of the weeks moves hours and is moved by nothing of them here."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from contrast_people import CONTRAST, ask, people_of_a_contrast, run_dose, with_limits

from iop_outcomes.analyses import first_weeks
from iop_outcomes.analyses.first_weeks import Started
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.causal.generalised_propensity import by_dose
from iop_outcomes.estimators.causal.marginal_structural import Weights
from iop_outcomes.estimators.design_matrix.model_matrix import model_matrix
from iop_outcomes.tables import TABLES, check

DAYS, WEEKS = 28, 4
# what three hours more a week add
TRUTH = 0.06
PAIR = [6.0, 9.0]
# what an hour more that is scheduled adds after these weeks
LATER = 0.06


@dataclass(frozen=True)
class World:
    """People of one arm; hours fall with use of the week and with severity, and add 0.02 each to the outcome."""

    started: Started
    doses: pd.DataFrame
    outcome: np.ndarray

    def gap(self, weights: Weights, beside: bool = True) -> tuple[float, float]:
        """The difference at PAIR, with its standard error."""
        there, hours = self.started.staying, self.started.hours
        known = self.started.beside(self.outcome, there) if beside else None
        response = by_dose(self.outcome, hours, PAIR, 3, observed=there, among=there, weight=there, beside=known)
        one = response.means(weights).estimate
        value, covariance = one.value, one.covariance()
        return float(value[1] - value[0]), float(np.sqrt([-1, 1] @ covariance @ [-1, 1]))

    def weights(self, told: bool = True) -> Weights:
        return self.started.weights(self.doses, CONTRAST, DAYS, told)


def people_of_the_first_weeks(
    ids: np.ndarray, seed: int = 3, extra: np.ndarray | float = 0.0, later: float = 0.0
) -> tuple[np.ndarray, ...]:
    """(n,) severity, (n, 5) use and hours, (n,) whole weeks in care, and the outcome. extra: (n,) hours that each has
    more of, which go on after these weeks, and add `later` each to the outcome then.
    """
    rng, n = np.random.default_rng(seed), len(ids)
    severity, before = rng.standard_normal(n), np.ones(n)
    used, hours = np.zeros((n, WEEKS + 1)), np.zeros((n, WEEKS + 1))
    for week in range(WEEKS + 1):
        before = used[:, week] = rng.random(n) < 1 / (1 + np.exp(1.2 - 0.6 * severity - 1.2 * before))
        hours[:, week] = np.maximum(9 - 2 * before - 0.5 * severity + rng.normal(0, 2.5, n), 0.25)
    gone = rng.random((n, WEEKS)) < 0.02 + 0.08 * used[:, :WEEKS]
    whole = np.where(gone.any(axis=1), gone.argmax(axis=1) + 1, WEEKS + 1)
    hours += np.broadcast_to(extra, n)[:, None]
    mean = hours[:, :WEEKS].mean(axis=1)
    chance = 0.6 + TRUTH / 3 * (mean - 7.5) - 0.45 * used[:, :WEEKS].mean(axis=1) - 0.05 * np.tanh(severity)
    chance += later * extra
    return severity, used, hours, whole, (rng.random(n) < chance).astype(float)


def weekly(
    ids: np.ndarray, level: np.ndarray, used: np.ndarray, hours: np.ndarray, whole: np.ndarray,
    scheduled: np.ndarray | float = 9.0,
) -> pd.DataFrame:  # fmt: skip
    """Rows of the table doses: every week is known, and has a test while in care. scheduled: (n,) hours a week."""
    n, weeks = hours.shape
    person, at = np.nonzero(np.ones((n, weeks), dtype=bool))
    inside = at < whole[person]
    planned = np.where(inside, np.broadcast_to(scheduled, n)[person], np.nan)
    rows = TABLES["doses"].empty().reindex(range(len(person))).assign(
        person_id=ids[person], week=at + 1, level_of_care=np.where(inside, level[person], "none").astype(object),
        days_in_care=7 * inside, days_so_far=7 * np.minimum(at + 1, whole[person]),
        hours_attended=np.where(inside, hours[person, at], 0.0), hours_scheduled=planned,
        hours_so_far=0.0, source=np.where(inside, "sessions", "out_of_care").astype(object), reported=True,
        test=np.where(inside, np.where(used[person, at], "positive", "negative"), None).astype(object),
    )  # fmt: skip
    return check(TABLES["doses"], TABLES["doses"].cast(rows))


@pytest.fixture(scope="module")
def world() -> World:
    return made(np.array([f"q{i:04d}" for i in range(2500)], dtype=object))


def made(ids: np.ndarray, turned: bool = False, extra: np.ndarray | float = 0.0) -> World:
    severity, used, hours, whole, outcome = people_of_the_first_weeks(ids, extra=extra, later=LATER)
    order = np.arange(len(ids))[::-1] if turned else np.arange(len(ids))
    people = pd.DataFrame({"person_id": ids, "site_id": "S0", "arm": 1, "index_level": "2.1"}).iloc[order]
    people = people.reset_index(drop=True)
    doses = weekly(ids, np.full(len(ids), "2.1", dtype=object), used, hours, whole, 9.0 + extra)
    mean = (hours * (np.arange(WEEKS + 1) < whole[:, None]))[:, :WEEKS].sum(axis=1) / WEEKS
    matrix = model_matrix(severity[order, None], ["severity"], len(ids))
    scheduled = first_weeks.scheduled(doses, people)
    started = Started(people, mean[order], (whole > WEEKS)[order], matrix, scheduled)
    return World(started, doses, outcome[order])


def test_weights_of_weeks_find_what_hours_do_where_others_are_off(world):
    value, error = world.gap(world.weights())
    assert abs(value - TRUTH) < 2.5 * error
    assert error < 0.06
    came, of_came = world.gap(first_weeks.naive(world.started.staying), beside=False)
    assert came - TRUTH > 3 * of_came
    at_start, of_start = world.gap(world.weights(told=False))
    # use of the weeks is not known at the start
    assert at_start - TRUTH > 3 * of_start
    assert at_start < came


def test_hours_that_were_scheduled_and_go_on_are_no_part_of_what_hours_of_these_weeks_do():
    ids = np.array([f"q{i:04d}" for i in range(4000)], dtype=object)
    found = made(ids, extra=np.where(np.random.default_rng(8).random(len(ids)) < 0.5, 3.0, 0.0))
    weights = found.weights()
    value, error = found.gap(weights)
    assert abs(value - TRUTH) < 2.5 * error
    assert found.gap(weights, beside=False)[0] > value + 0.05
    # whoever has none on record stands in the middle, and is told apart
    rows = found.doses["person_id"].isin(ids[:500])
    some = first_weeks.scheduled(found.doses.assign(hours_scheduled=found.doses["hours_scheduled"].mask(rows)),
                                 found.started.people)  # fmt: skip
    assert some.names == (first_weeks.SCHEDULED, first_weeks.NOT_SCHEDULED)
    assert (some.numeric[:500, 1] == 1).all()
    np.testing.assert_allclose(some.numeric[500:, 0], found.started.scheduled.numeric[500:, 0])
    assert first_weeks.scheduled(found.doses.assign(hours_scheduled=np.nan), found.started.people) is None


def test_whoever_moves_to_another_level_within_the_window_is_told(world):
    moved = world.started.people["person_id"].isin(["q0003", "q0007"])
    rows = world.doses["person_id"].isin(["q0003", "q0007"]) & (world.doses["week"] == WEEKS)
    last = (world.doses["person_id"] == "q0009") & (world.doses["week"] == WEEKS + 1)
    doses = world.doses.assign(level_of_care=world.doses["level_of_care"].mask(rows | last, "1"))
    np.testing.assert_array_equal(first_weeks.at_one_level(doses, world.started.people, DAYS), ~moved)


def test_columns_that_few_outcomes_speak_for_are_left_out(world):
    y, there = world.outcome, world.started.staying
    assert world.started.beside(y, there).shape == (len(y), 1)
    rare = np.where(np.cumsum(there) < 7, y, 0.0)
    assert world.started.beside(rare, there) is None


def test_weights_are_of_those_who_stayed_and_balance_what_was_known_at_the_start(world):
    whole = world.weights()
    assert (whole.weight[~world.started.staying] == 0).all()
    assert (whole.people == world.started.staying).all()
    assert whole.mean == pytest.approx(1, abs=0.1)
    names, before, after = world.started.correlations(whole)
    assert names == ("severity",)
    assert before[0] < -0.3
    assert abs(after[0]) < 0.1


def test_the_order_of_people_is_no_matter(world):
    turned = made(world.started.people["person_id"].to_numpy(), turned=True)
    np.testing.assert_allclose(turned.gap(turned.weights()), world.gap(world.weights()), rtol=1e-6)


def test_tests_that_are_on_no_record_by_week_are_refused(world):
    untold = world.doses.assign(test=pd.Series([None] * len(world.doses), dtype=object))
    with pytest.raises(EstimationError):
        world.started.weights(untold, CONTRAST, DAYS, told=True)
    # and not missed, where none of the window is
    assert world.started.weights(untold, CONTRAST, DAYS, told=False).people.any()


HOURS = {"window_days": DAYS, "fewest_near": 20, "truncated": [0.01, 0.99]}
ASK = {"contrast": "hours", "outcome": "abstinent", "horizon_days": 180, "measure": "dose_response"}


@pytest.fixture(scope="module")
def study() -> dict[str, pd.DataFrame]:
    cohort = people_of_a_contrast()
    ids = cohort["people"]["person_id"].to_numpy(dtype=object)
    _, used, hours, whole, outcome = people_of_the_first_weeks(ids)
    first = cohort["people"]["person_id"].map(cohort["arms"].set_index("person_id")["arm"]).eq(1).to_numpy()
    doses = weekly(ids, np.where(first, "2.1", "3.5").astype(object), used, hours, whole)
    answers = cohort["abstinence"].assign(
        abstinent=pd.array(cohort["abstinence"]["person_id"].map(dict(zip(ids, outcome, strict=True))) == 1),
        mature=True,
    )
    return {**cohort, "doses": doses, "abstinence": answers}


def answered(study, *methods: str, **more):
    columns = {
        "window_days": DAYS,
        "hours_per_week": study["doses"].query("week <= 4").groupby("person_id")["hours_attended"].sum()
        .reindex(study["people"]["person_id"]).to_numpy() / WEEKS,
        "in_care_at_end": study["doses"].query("week == 5").set_index("person_id")["level_of_care"].ne("none")
        .reindex(study["people"]["person_id"]).to_numpy(),
        "positive_screens": study["doses"].query("week <= 4").groupby("person_id")["test"]
        .apply(lambda t: float((t == "positive").mean())).reindex(study["people"]["person_id"]).to_numpy(),
    }  # fmt: skip
    rows = [ask(method=method, missing_rule="observed_only", **ASK) for method in methods]
    compare = {"iop": (7.0, 8.0), "residential": (7.0, 8.0)}
    gate = with_limits(**{"min_effective_share": 0.1} | more.pop("limits", {}))
    setting = HOURS | more.pop("hours", {})
    return run_dose(study, *rows, hours=setting, compare=compare, gate=gate, **columns, **more)


def test_a_study_is_answered_naively_and_by_weights_and_a_regression_refuses_use_of_the_window(study):
    found = answered(study, "naive", "spline", "generalised_propensity")
    own = found["estimates"].set_index(["method", "group", "of"]).sort_index()
    assert set(own.loc["spline"]["status"]) == {"not_possible"}
    assert own.loc["spline"]["reason"].str.contains("screens and reported use of the same 28 days").all()
    for arm in ("iop", "residential"):
        weighted, came = (own.loc[(m, arm)] for m in ("generalised_propensity", "naive"))
        assert set(weighted["status"]) == set(came["status"]) == {"ok"}
        assert abs(weighted.loc["difference", "estimate"] - came.loc["difference", "estimate"]) > 0.001
        assert weighted.loc["more_hours", "n_effective"] < came.loc["more_hours", "n_effective"]
        gap = weighted.loc["more_hours", "estimate"] - weighted.loc["fewer_hours", "estimate"]
        assert weighted.loc["difference", "estimate"] == pytest.approx(gap)
    told = found["diagnostics"]
    assert set(told["arm"]) == {"iop", "residential"}
    whole = told[(told["variable"] == "all") & (told["arm"] == "iop")].set_index("quantity")["value"]
    assert whole["mean_weight"] == pytest.approx(1, abs=0.25)
    assert whole["largest_correlation"] <= whole["largest_correlation_before"] + 0.05
    brought = told[(told["quantity"] == "difference_brought_in") & (told["arm"] == "iop")].set_index("variable")[
        "value"
    ]
    assert list(brought.index)[:2] == ["0 to 1", "0.01 to 0.99"]
    assert brought["0.01 to 0.99"] == pytest.approx(
        own.loc[("generalised_propensity", "iop", "difference"), "estimate"]
    )
    drawn = found["curves"].groupby(["method", "arm"])["x"].agg(["min", "max"])
    assert set(drawn.index.get_level_values("method")) == {"naive", "generalised_propensity"}
    assert (drawn["min"] < 7).all()
    assert (drawn["max"] > 8).all()


def test_weights_for_hours_that_are_off_or_rest_on_few_are_gated_without_a_curve(study):
    for limits, said in (({"max_mean_weight_gap": 1e-6}, "a mean of"), ({"max_weight": 1.01}, "weighs")):
        found = answered(study, "generalised_propensity", limits=limits)
        assert set(found["estimates"]["status"]) == {"gated"}
        assert found["estimates"]["reason"].str.contains(said).all()
        assert found["curves"].empty
        assert len(found["diagnostics"])
    few = answered(study, "generalised_propensity", hours={"fewest_near": 5000})
    assert few["estimates"]["reason"].str.startswith("nowhere have 5000 people").all()
    assert few["curves"].empty


def test_hours_that_nobody_attended_are_no_dose(world: World) -> None:
    none = replace(world.started, hours=np.zeros(len(world.started.hours)))
    with pytest.raises(EstimationError, match="nobody of the arm who was in care at the end of the window attended"):
        none.weights(world.doses, CONTRAST, DAYS, told=False)
