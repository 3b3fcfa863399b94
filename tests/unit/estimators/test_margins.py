"""An estimate against a margin: cases by hand, against statsmodels and the score tests, and what must always hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.weightstats import ttost_ind

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base import margins
from iop_outcomes.estimators.base.margins import Limits, Scale
from iop_outcomes.estimators.two_by_two import power
from iop_outcomes.estimators.two_by_two.equivalence import proportions
from iop_outcomes.vocabulary.verdicts import VERDICTS

INF = float("inf")
SHARE, FEWER_SHARE, PACE = Scale(False, "more"), Scale(False, "fewer"), Scale(True, "fewer")


@pytest.mark.parametrize(
    ("low", "high", "inner", "margin", "wanted"),
    [
        # above 0; below 0 within the margin; below it, across it, without one
        (0.01, 0.09, (0.02, 0.08), 0.1, "superior"),
        (0.01, 0.09, (0.02, 0.08), None, "superior"),
        (-0.09, -0.01, (-0.08, -0.02), 0.1, "worse_by_less_than_the_margin"),
        (-0.29, -0.11, (-0.28, -0.12), 0.1, "inferior"),
        (-0.15, -0.01, (-0.14, -0.02), 0.1, "inferior"),
        (-0.09, -0.01, (-0.08, -0.02), None, "inferior"),
        # 0 within the limits
        (-0.09, 0.05, (-0.08, 0.04), 0.1, "equivalent"),
        (-0.05, 0.11, (-0.04, 0.099), 0.1, "equivalent"),
        (-0.05, 0.15, (-0.04, 0.14), 0.1, "non_inferior"),
        (-0.11, 0.05, (-0.099, 0.04), 0.1, "inconclusive"),
        (-0.11, 0.15, (-0.09, 0.13), 0.1, "inconclusive"),
        (-0.11, 0.05, (-0.09, 0.04), None, "not_answerable"),
        # a limit that is the margin itself does not lie within it, one that is 0 holds no difference
        (-0.1, 0.05, (-0.09, 0.04), 0.1, "inconclusive"),
        (0.0, 0.05, (0.01, 0.04), 0.1, "equivalent"),
        (-0.05, 0.0, (-0.04, -0.01), 0.1, "equivalent"),
    ],
)
def test_the_table_of_cases(low, high, inner, margin, wanted) -> None:
    assert margins.verdict(Limits(low, high, *inner), margin) == wanted


def test_by_hand() -> None:
    """-0.02 with an error of 0.03: 95 % from -0.0788 to 0.0388; (0.08) / 0.03 = 2.667 against the margin of -0.1."""
    found = margins.limits(-0.02, 0.03, INF, SHARE)
    assert (found.low, found.high) == pytest.approx((-0.0787989, 0.0387989), abs=1e-6)
    assert (found.inner_low, found.inner_high) == pytest.approx((-0.0693456, 0.0293456), abs=1e-6)
    tested = margins.tests(-0.02, 0.03, INF, -0.1, SHARE)
    assert tested.no_worse == pytest.approx(0.0038304, abs=1e-6)
    assert tested.equivalent == tested.no_worse
    # fewer is better: the same turned round
    turned = margins.limits(0.02, 0.03, INF, FEWER_SHARE)
    assert turned == found
    assert margins.tests(0.02, 0.03, INF, 0.1, FEWER_SHARE) == tested
    # a hazard ratio of 1.1 with an error of 0.05 of its logarithm, against 1.25: log 1.1364 / 0.05 = 2.5567
    assert margins.tests(1.1, 0.05, INF, 1.25, PACE).no_worse == pytest.approx(0.005284, abs=1e-5)
    assert PACE.back(margins.limits(1.1, 0.05, INF, PACE).low) == pytest.approx(1.1 * np.exp(1.959964 * 0.05))


def test_against_statsmodels_two_one_sided_t_tests_of_means() -> None:
    rng = np.random.default_rng(3)
    one, other = rng.normal(10, 2, 60), rng.normal(10.3, 2, 50)
    p, (t_low, _, degrees), (t_high, _, _) = ttost_ind(one, other, -1.0, 1.0, usevar="pooled")
    gap = one.mean() - other.mean()
    error = (gap + 1) / t_low
    assert (gap - 1) / error == pytest.approx(t_high)
    found = margins.tests(gap, error, degrees, -1.0, SHARE)
    assert found.equivalent == pytest.approx(p, rel=1e-9)
    limits = margins.limits(gap, error, degrees, SHARE)
    assert (limits.inner_low > -1 and limits.inner_high < 1) == (p < 0.05)


def test_of_shares_it_is_walds_test_and_close_to_the_score_test() -> None:
    """118 of 200 against 124 of 205: Wald 0.04036, Farrington and Manning 0.03975."""
    error = np.sqrt(0.59 * 0.41 / 200 + (124 / 205) * (81 / 205) / 205)
    found = margins.tests(0.59 - 124 / 205, error, INF, -0.1, SHARE)
    assert found.no_worse == pytest.approx(proportions(118, 200, 124, 205, 0.1, "wald").p_lower, rel=1e-9)
    assert found.no_worse == pytest.approx(proportions(118, 200, 124, 205, 0.1).p_lower, abs=1e-3)


@given(
    degrees=st.one_of(st.floats(2, 500), st.just(INF)),
    value=st.floats(-1, 1),
    error=st.floats(0.001, 1),
    level=st.sampled_from([0.9, 0.95, 0.99]),
    ratio=st.booleans(),
)
def test_degrees_of_freedom_are_found_again_from_limits(degrees, value, error, level, ratio) -> None:
    reach = float(margins.stats.t.ppf(0.5 + level / 2, degrees)) * error
    low, high = (np.exp(v) if ratio else v for v in (value - reach, value + reach))
    found = margins.degrees_behind(error, low, high, level, ratio)
    again = margins.limits(np.exp(value) if ratio else value, error, found, Scale(ratio, "more"))
    wanted = margins.limits(np.exp(value) if ratio else value, error, degrees, Scale(ratio, "more"))
    assert again.inner_low == pytest.approx(wanted.inner_low, rel=1e-5, abs=1e-5 * error)


@given(value=st.floats(-0.5, 0.5), error=st.floats(0.01, 0.3), margin=st.floats(0.01, 0.5), wider=st.floats(0, 0.5))
def test_a_wider_margin_keeps_what_a_narrower_one_allows(value, error, margin, wider) -> None:
    limits = margins.limits(value, error, INF, SHARE)
    allowed = ("superior", "equivalent", "non_inferior", "worse_by_less_than_the_margin")
    if margins.verdict(limits, margin) in allowed:
        assert margins.verdict(limits, margin + wider) in allowed
    # the test and the limit say the same of being no worse
    p = margins.tests(value, error, INF, -margin, SHARE).no_worse
    if abs(p - 0.025) > 1e-9:
        assert (p < 0.025) == (limits.low > -margin)


@given(value=st.floats(0.3, 3), error=st.floats(0.01, 1), margin=st.floats(1.05, 3))
def test_a_ratio_turned_upside_down_has_the_same_verdict(value, error, margin) -> None:
    upside = margins.limits(1 / value, error, INF, Scale(True, "more"))
    as_is = margins.limits(value, error, INF, PACE)
    assert upside.low == pytest.approx(as_is.low, abs=1e-12)
    assert Scale(True, "more").margin(1 / margin) == pytest.approx(PACE.margin(margin))


@given(st.lists(st.tuples(st.floats(-0.5, 0.5), st.floats(0.01, 0.2)), min_size=2, max_size=4), st.floats(0.02, 0.4))
def test_taken_together_readings_claim_no_more_than_each(pairs, margin) -> None:
    single = [margins.limits(value, error, INF, SHARE) for value, error in pairs]
    together = single[0]
    for other in single[1:]:
        together = together.beside(other)
    found = margins.verdict(together, margin)
    if found in ("superior", "equivalent", "non_inferior", "worse_by_less_than_the_margin"):
        assert all(one.low > -margin or one.low > 0 for one in single)
    if found in ("inferior", "worse_by_less_than_the_margin"):
        assert all(one.high < 0 for one in single)


def test_people_needed_agree_with_the_closed_form_and_with_a_simulation() -> None:
    """Shares of 0.5, margin 0.1, power 0.9: 525.4 in each arm, whatever the size that the error comes from."""
    for n in (80, 400):
        error = np.sqrt(2 * 0.25 / n)
        assert n * margins.times_as_many(error, 0.1) == pytest.approx(power.people_for_margin(0.5, 0.1), rel=1e-9)
    rng, n = np.random.default_rng(2), 526
    one, other = (rng.binomial(n, 0.5, 4000) / n for _ in range(2))
    low = one - other - 1.959964 * np.sqrt((one * (1 - one) + other * (1 - other)) / n)
    assert (low > -0.1).mean() == pytest.approx(0.9, abs=0.02)
    assert margins.detectable(0.05) == pytest.approx(2.801585 * 0.05, rel=1e-6)


def test_the_detectable_difference_is_found_in_four_of_five_studies() -> None:
    rng, n, p = np.random.default_rng(1), 400, 0.4
    gap = margins.detectable(np.sqrt(2 * p * (1 - p) / n))
    first, second = (rng.binomial(n, q, 4000) / n for q in (p + gap / 2, p - gap / 2))
    z = (first - second) / np.sqrt((first * (1 - first) + second * (1 - second)) / n)
    assert (np.abs(z) > 1.96).mean() == pytest.approx(0.8, abs=0.025)


def test_the_margin_itself_is_called_no_worse_once_in_forty() -> None:
    """And a plain test of a difference calls it 'no difference' most of the time: that is what the verdict replaces."""
    rng, n = np.random.default_rng(5), 150
    one, other = rng.binomial(n, 0.4, 4000) / n, rng.binomial(n, 0.5, 4000) / n
    error = np.sqrt((one * (1 - one) + other * (1 - other)) / n)
    no_worse = one - other - 1.959964 * error > -0.1
    assert no_worse.mean() <= 0.025 + 2 * np.sqrt(0.025 * 0.975 / 4000)
    assert (np.abs(one - other) < 1.959964 * error).mean() > 0.5


@pytest.mark.parametrize(
    ("scale", "margin", "said"),
    [
        (SHARE, 0.1, "lies below 0"),
        (FEWER_SHARE, -0.1, "lies above 0"),
        (PACE, 0.8, "lies above 1"),
        (Scale(True, "more"), 1.25, "lies below 1"),
        (PACE, -1.0, "ratio lies above 0"),
        (SHARE, 0.0, "no worse than no difference"),
        (Scale(False, "larger"), 0.1, "not 'larger'"),
    ],
)
def test_a_margin_on_the_wrong_side_is_refused(scale, margin, said) -> None:
    with pytest.raises(EstimationError, match=said):
        scale.margin(margin)


def test_what_has_no_error_is_not_tested() -> None:
    with pytest.raises(EstimationError, match="no standard error"):
        margins.limits(0.1, 0.0, INF, SHARE)
    with pytest.raises(EstimationError, match="above 0"):
        margins.times_as_many(0.1, 0.0)


def test_the_rule_knows_every_verdict_and_the_docs_have_its_table(project) -> None:
    table = (project / "docs/verdict.md").read_text(encoding="utf-8")
    for row in VERDICTS.values():
        assert f"| `{row.name}` | {row.label} | {row.when} |" in table
    assert "significant" not in " ".join(row.said + row.label for row in VERDICTS.values())
