"""A question site by site: its rows by the weights of the whole comparison, and what release is told beside them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from contrast_people import CONTRAST, ENDPOINTS, GATE, INFERENCE, ask, people_of_a_contrast

from iop_outcomes.analyses import abstinence, by_site
from iop_outcomes.analyses.outcomes import follow
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.estimators.causal.sites import NO_BOTH, ONE_SITE
from iop_outcomes.tables import TABLES, check

Cohort = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return people_of_a_contrast()


def answered(cohort: Cohort, site: Any = None, fewest: int = 20, **changes: Any) -> Any:
    scores = cohort["scores"] if site is None else cohort["scores"].assign(site_id=site)
    asked = ask(**changes)
    outcome = follow(cohort["retention"], scores, ENDPOINTS[asked.outcome])
    return by_site.answered(asked, Sample.of(scores, CONTRAST, INFERENCE), outcome, fewest), scores


def of(found: Any, group_by: str) -> list[dict[str, Any]]:
    return [row for row in found.estimates if row["group_by"] == group_by]


def test_each_site_has_the_difference_of_its_weighted_means(cohort: Cohort) -> None:
    found, scores = answered(cohort)
    left = cohort["retention"][cohort["retention"]["follows"] == "index"].set_index("person_id")
    left = left.reindex(scores["person_id"])
    event = ((left["cause"] == "unplanned") & (left["days"] <= 90)).to_numpy()
    rows = of(found, "of_site")
    assert [row["group"] for row in rows] == ["site 1", "site 2", "site 3", "site 4"]
    for at, row in enumerate(rows):
        own = (scores["site_id"] == f"S{at}").to_numpy()
        means = [
            np.average(event[own & (scores["arm"] == arm)], weights=scores["overlap"][own & (scores["arm"] == arm)])
            for arm in (1, 0)
        ]
        assert row["estimate"] == pytest.approx(means[0] - means[1])
        assert row["conf_low"] < row["estimate"] < row["conf_high"]
        assert (row["n"], row["events"]) == (None, None)
        cells = [int((event[own & (scores["arm"] == a)] == e).sum()) for a in (0, 1) for e in (True, False)]
        told = found.diagnostics[at]
        assert (told["value"], told["threshold"]) == (min(cells), min(cells[0] + cells[1], cells[2] + cells[3]))
    assert [row["group"] for row in of(found, "over_sites")] == ["within", "between", "between less within"]


def test_a_site_with_few_people_has_no_number_and_one_that_lacks_an_arm_no_row(cohort: Cohort) -> None:
    scores = cohort["scores"]
    site = np.where(np.arange(len(scores)) < 30, "few", scores["site_id"])
    site = np.where((np.arange(len(scores)) > 700) & (scores["arm"] == 1), "one arm", site)
    found, _ = answered(cohort, site)
    rows = {row["group"]: row for row in of(found, "of_site")}
    assert len(rows) == len(found.diagnostics) == 5
    gated = [row for row in rows.values() if row["status"] == "gated"]
    assert [row["reason"] for row in gated] == [by_site.FEW.format(fewest=20)]


@pytest.mark.parametrize(
    ("site", "said"), [(lambda s: "S", ONE_SITE), (lambda s: s["arm"].astype(str) + s["site_id"], NO_BOTH)]
)
def test_one_site_and_sites_of_one_arm_are_named(cohort: Cohort, site: Any, said: str) -> None:
    found, _ = answered(cohort, site(cohort["scores"]))
    rows = of(found, "over_sites")
    assert {row["status"] for row in rows} == {"not_possible"}
    assert {row["reason"] for row in rows} == {said}


def test_a_reading_that_levels_do_not_tell_is_no_question_of_sites(cohort: Cohort) -> None:
    early = cohort["retention"].assign(cause=np.where(cohort["retention"]["days"] < 20, "censored", "unplanned"))
    found, _ = answered({**cohort, "retention": early})
    assert {row["reason"] for row in found.estimates} == {by_site.UNCLEAR}


def test_the_step_asks_what_it_is_given_and_its_tables_are_as_declared(cohort: Cohort) -> None:
    asked = ask(step="abstinence", outcome="abstinent", missing_rule="observed_only", horizon_days=180)
    given = [cohort[n] for n in ("abstinence", "first_use", "scores", "gates")]
    found = abstinence.run(*given, [asked], CONTRAST, ENDPOINTS, GATE, INFERENCE, by_site=[asked], fewest_of_site=20)
    for name, table in found.items():
        check(TABLES[name], table)
    assert found["estimates"]["group_by"].value_counts().to_dict() == {"all": 4, "of_site": 4, "over_sites": 3}
