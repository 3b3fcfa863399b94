"""For whom: effects within groups by hand, against regression, on simulated truth, and by properties."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy.stats import binom

import iop_outcomes as iop
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.causal.modifiers import differing, shrunken
from iop_outcomes.simulate.cohort.model import follow
from iop_outcomes.simulate.cohort.population import draw_baseline

ARMS = ("arm", "iop", "residential")


def world(n: int, seed: int, harm: float = 0.0) -> pd.DataFrame:
    """Arms by a mark and the group; a risk difference of -0.2, and so much more in group b."""
    rng = np.random.default_rng(seed)
    mark, late = rng.integers(0, 2, n), rng.integers(0, 2, n)
    first = rng.random(n) < 0.3 + 0.3 * mark + 0.1 * late
    used = rng.random(n) < 0.5 + 0.2 * mark - 0.2 * first + harm * first * late
    return pd.DataFrame(
        {
            "arm": np.where(first, "iop", "residential"), "mark": np.where(mark, "yes", "no"),
            "group": np.where(late, "b", "a"), "free": (~used).astype(int), "site": rng.integers(0, 12, n),
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    return world(900, 1, 0.25)


def asked(data: pd.DataFrame, **more: object) -> pd.DataFrame:
    found = iop.by_group(data, *ARMS, ["mark", "group"], "free", ["group"], **more)  # type: ignore[arg-type]
    return found.set_index(["of", "group"])


def effects(values: list[float], errors: list[float]) -> Estimate:
    """Independent effects with these standard errors."""
    influence = np.diag(np.asarray(errors, dtype=float))
    names = tuple(f"g{i}" for i in range(len(values)))
    return Estimate(names, np.asarray(values, dtype=float), influence, np.ones(len(values)))


def test_overlap_weights_of_a_full_score_are_a_regression_within_groups(people: pd.DataFrame) -> None:
    """With a covariate of two values they are least squares, to the digit, and so are its robust errors."""
    found = asked(people).loc["difference"]
    coded = people.assign(first=(people["arm"] == "iop").astype(int))
    fit = smf.ols("free ~ C(group) * (first + mark)", coded).fit(cov_type="HC0")
    assert found.loc["a", "estimate"] == pytest.approx(fit.params["first"], abs=1e-8)
    assert found.loc["a", "std_error"] == pytest.approx(fit.bse["first"], rel=1e-6)
    further = "C(group)[T.b]:first"
    assert found.loc["b", "estimate"] == pytest.approx(fit.params["first"] + fit.params[further], abs=1e-8)
    assert found["p_differ"].tolist() == pytest.approx([fit.pvalues[further]] * 2, rel=1e-5)
    assert found["n"].sum() == len(people)


def test_each_group_is_what_its_people_alone_give(people: pd.DataFrame) -> None:
    found = asked(people, weights="iptw")
    for group, own in people.groupby("group"):
        alone = iop.adjusted_difference(own, *ARMS, ["mark"], outcome="free", weights="iptw").set_index("of")
        for of in ("difference", "ratio"):
            numbers = ["estimate", "std_error", "conf_low", "conf_high"]
            assert found.loc[(of, group), numbers].tolist() == pytest.approx(alone.loc[of, numbers].tolist(), abs=1e-10)


def test_effects_drawn_to_each_other_by_hand() -> None:
    # weights 100 and 25: mean .04, Q = 100 * .0016 + 25 * .0256 = .8 < 1: no further apart than by chance
    alike = shrunken(effects([0.0, 0.2], [0.1, 0.2]))
    assert alike.spread == 0
    assert alike.value.tolist() == pytest.approx([0.04, 0.04])
    assert alike.error.tolist() == pytest.approx([125**-0.5] * 2)
    # Q = 100 * .16 + 25 * 2.56 = 80; (80 - 1) / (125 - 10625 / 125) = 79 / 40
    apart = shrunken(effects([0.0, 2.0], [0.1, 0.2]))
    tau = 79 / 40
    assert apart.spread**2 == pytest.approx(tau)
    own = [tau / (tau + 0.01), tau / (tau + 0.04)]
    mean = 2 / (tau + 0.04) / (1 / (tau + 0.01) + 1 / (tau + 0.04))
    assert apart.value.tolist() == pytest.approx([(1 - own[0]) * mean, own[1] * 2 + (1 - own[1]) * mean])
    assert (apart.error < [0.1 + 1e-3, 0.2 + 1e-3]).all()
    # (2 - 0)^2 / (.01 + .04)
    assert differing(effects([0.0, 2.0], [0.1, 0.2])).statistic == pytest.approx(80)


def test_smaller_groups_are_drawn_further_and_none_away_from_the_mean() -> None:
    found = shrunken(effects([0.3, 0.3, -0.1], [0.05, 0.2, 0.05]))
    moved = 0.3 - found.value[:2]
    assert 0 < moved[0] < moved[1]
    assert (np.sign(found.mean - np.array([0.3, 0.3, -0.1])) == np.sign(found.value - [0.3, 0.3, -0.1])).all()


def test_groups_that_do_not_differ_are_seldom_found_to_and_those_that_do_are() -> None:
    draws = 60
    p = {harm: [asked(world(500, s, harm))["p_differ"].iloc[0] for s in range(draws)] for harm in (0.0, 0.25)}
    assert sum(value < 0.05 for value in p[0.0]) <= binom.ppf(0.995, draws, 0.05)
    # a difference of .25 with a standard error of .09 is found in 80 of 100
    found = sum(value < 0.05 for value in p[0.25])
    assert binom.ppf(0.005, draws, 0.8) <= found <= binom.ppf(0.995, draws, 0.8)


@pytest.fixture(scope="module")
def thirds() -> dict[str, tuple[pd.Series, list[pd.DataFrame]]]:
    """Of both scenarios the truths by third of severity, and what cohorts of 4,000 say."""
    return {name: (_truth(name), [_by_severity(name, s) for s in range(5)]) for name in ("base", "hetero_severity")}


@pytest.mark.parametrize("scenario", ["base", "hetero_severity"])
def test_effects_by_severity_are_what_interventions_give(thirds: Any, scenario: str) -> None:
    truth, cohorts = thirds[scenario]
    for group, value in truth.items():
        own = pd.concat([c[c["group"] == group] for c in cohorts])
        error = float(np.sqrt((own["std_error"] ** 2).sum())) / len(own)
        assert abs(own["estimate"].mean() - value) < 3.5 * np.hypot(error, 0.004)


def test_harm_by_severity_is_found_in_every_cohort(thirds: Any) -> None:
    """In the base the thirds differ as well, by what care is worth to whom, and by far less."""
    truth, cohorts = thirds["hetero_severity"]
    assert all(c["p_differ"].iloc[0] < 0.01 for c in cohorts)
    assert np.ptp(truth) > 2 * np.ptp(thirds["base"][0])


def _third(severity: np.ndarray) -> np.ndarray:
    return np.select([severity < -0.43, severity < 0.43], ["low", "middle"], "high")


def _truth(scenario: str) -> pd.Series:
    """Differences among people with a chance of either setting (overlap), everyone forced into both."""
    people = draw_baseline(60_000, None, np.random.default_rng(8), scenario)
    free = [~follow(people, np.random.default_rng(9), scenario, arm).used[:, 22:26].any(axis=1) for arm in (1, 0)]
    gap, weight = free[0].astype(float) - free[1], people.placement * (1 - people.placement)
    sums = pd.DataFrame({"top": gap * weight, "weight": weight}).groupby(_third(people.severity)).sum()
    return sums["top"] / sums["weight"]


def _by_severity(scenario: str, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng([seed, 7])
    course = follow(draw_baseline(4000, 40, rng, scenario), rng, scenario)
    b = course.baseline
    known = {
        "cooccurring": b.cooccurring, "housing": b.unstable_housing, "mandate": b.mandated, "opioid": b.opioid,
        "severity": b.severity, "site": b.site_effect,
    }  # fmt: skip
    table = pd.DataFrame({n: np.asarray(v, dtype=float) for n, v in known.items()}).assign(
        arm=np.where(course.arm == 1, "iop", "residential"),
        third=_third(b.severity),
        free=(~course.used[:, 22:26].any(axis=1)).astype(int),
    )
    found = iop.by_group(table, *ARMS, list(known), "free", ["third"])
    return found[found["of"] == "difference"]


def test_order_frequencies_and_further_columns_of_the_family(people: pd.DataFrame) -> None:
    found = iop.by_group(people, *ARMS, ["mark", "group"], "free", ["group", "mark"])
    mixed = iop.by_group(people.sample(frac=1, random_state=3), *ARMS, ["mark", "group"], "free", ["group", "mark"])
    pd.testing.assert_frame_equal(found, mixed)
    two = found.drop_duplicates(["group_by", "of"]).set_index(["of", "group_by"])
    smaller = two.loc["difference", "p_differ"].min()
    assert two.loc["difference", "p_adjusted"].min() == pytest.approx(min(2 * smaller, 1))
    explored = iop.by_group(people, *ARMS, ["mark", "group"], "free", ["group", "mark"], prespecified=False)
    assert (explored["p_adjusted"] <= found["p_adjusted"] + 1e-12).all()
    counted = people.groupby(["arm", "mark", "group", "free"]).size().reset_index(name="people")
    as_rows = asked(counted, frequency="people")
    pd.testing.assert_frame_equal(as_rows, asked(people), rtol=1e-6)


def test_clusters_are_shared_by_groups(people: pd.DataFrame) -> None:
    twice = asked(pd.concat([people, people], ignore_index=True), cluster="site")
    once = asked(people, cluster="site")
    assert twice["std_error"].tolist() == pytest.approx(once["std_error"].tolist(), rel=1e-6)
    assert once["std_error"].tolist() != pytest.approx(asked(people)["std_error"].tolist(), rel=1e-3)


WRONG: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "one group": (lambda d: asked(d.assign(group="a")), "'group' has one group"),
    "one name": (lambda d: iop.by_group(d, *ARMS, ["mark"], "free", "group"), "`groups` is a list"),
    "an arm that a group lacks": (
        lambda d: asked(d[~((d["group"] == "b") & (d["arm"] == "iop"))]),
        "among people whose 'group' is 'b'",
    ),
    "no weights of this name": (lambda d: asked(d, weights="ate"), "`weights` is one of"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said_by_name(people: pd.DataFrame, what: str) -> None:
    call, said = WRONG[what]
    with pytest.raises(EstimationError, match=said):
        call(people)
