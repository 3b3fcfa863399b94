"""Sites in a study: which questions are asked site by site, and what is said of names that do not fit."""

from __future__ import annotations

from typing import Any

import pytest
from parts import contrast

from iop_outcomes.errors import StudyError
from iop_outcomes.protocol import Analysis, Study
from iop_outcomes.protocol.sites import may_be_by_site
from iop_outcomes.study import agreement, covariates


def asked(**sites: Any) -> Study:
    given = {"cohort": "k", "title": "t", "source": {"kind": "synthetic"}, "contrasts": {"c": contrast("iop", "res")}}
    return Study.model_validate({**given, "sites": sites})


def row(**changes: Any) -> Analysis:
    plain = {
        "cohort": "k", "analysis": "staying", "step": "retention", "contrast": "c", "outcome": "o", "horizon_days": 90,
        "measure": "risk", "estimand": "ATO", "method": "overlap", "family": "primary",
    }  # fmt: skip
    return Analysis.model_validate({**plain, **changes})


@pytest.mark.parametrize(
    ("changes", "may"),
    [({}, True), ({"method": "aipw", "estimand": "ATE"}, False), ({"measure": "mean_days"}, False)],
)
def test_shares_by_weights_are_asked_of_sites(changes: dict[str, Any], may: bool) -> None:
    assert may_be_by_site(row(**changes)) is may


@pytest.mark.parametrize(
    ("name", "rows", "said"),
    [
        ("d", [row()], r"sites\.d.*'d'.*c"),
        ("c", [row(family="secondary")], r"sites\.c: no primary question of 'c' is a share by weights"),
        ("c", [row(method="aipw", estimand="ATE")], "leave it out of `sites`"),
    ],
)
def test_what_does_not_fit_is_named(name: str, rows: list[Analysis], said: str) -> None:
    with pytest.raises(StudyError, match=said):
        agreement._check_sites(asked(**{name: {}}), tuple(rows))


def test_a_site_needs_people_enough_for_a_standard_error() -> None:
    with pytest.raises(ValueError, match="greater than or equal to 5"):
        asked(c={"fewest": 4})


def test_what_is_left_out_must_be_adjusted_for() -> None:
    own = asked().model_copy(update={"anchors": ["housing"]})
    with pytest.raises(StudyError, match=r"anchors.*'housing'"):
        covariates.check_anchors(own)
