"""Sites in the report: how far they lie apart, which one decides, and whether their mix explains it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import sites_rows
from released_study import estimates, study, typed

from iop_outcomes.estimators.base.random_effects import across
from iop_outcomes.presentation import numbers, select
from iop_outcomes.presentation.labels import Labels
from iop_outcomes.presentation.sites import by_site
from iop_outcomes.report import sites

MINUS = numbers.MINUS


def found(**changes: object) -> pd.DataFrame:
    own = estimates()
    at = own["group_by"] == "of_site"
    return own if not changes else own.assign(**{n: own[n].where(~at, v) for n, v in changes.items()})


def with_gap(gap: tuple[float, float, float]) -> pd.DataFrame:
    own = estimates()
    kept = own[~own["group_by"].isin(["of_site", "over_sites"])]
    return pd.concat([kept, typed("estimates", sites_rows.rows(gap))], ignore_index=True)


def test_sites_together_are_those_told_with_their_rounding_in_their_variance() -> None:
    (one,) = by_site(found(rounding_error=0.05), Labels(study()))
    assert (len(one.sites), one.asked) == (5, 6)
    errors = np.full(5, np.sqrt(sites_rows.ERROR**2 + 0.05**2 / 3))
    other = across(list(sites_rows.VALUES), errors)
    assert one.together is not None
    assert (one.together.value, one.together.spread) == (other.value, other.spread)


def test_the_table_by_hand() -> None:
    """Five sites 0, 0.1, ..., 0.4: their mean is 0.2, and less the first or the last 0.25 or 0.15."""
    (table,) = sites.tables(found(), study())
    ((lines),) = [block.lines for block in table.blocks]
    cells = {line.label: line.cells[0] for line in lines}
    assert cells["Everyone, overlap weighting"].startswith("+21.3")
    assert cells["Within sites, by regression"] == "+21.0 (+15.0 to +27.0)"
    assert cells["Mean of 5 sites"].startswith("+20.0")
    assert cells["Mean less any one site"] == "+15.0 to +25.0"
    assert lines[-2].label == "One more site"


def test_what_is_said_of_sites_that_differ_and_of_a_mix_that_explains_more() -> None:
    (said,) = sites.said(found(), study())
    assert "5 of 6 sites with both arms can be told" in said
    assert "further apart than chance lets them" in said
    assert "it is not the same (within sites +21.0, between them +51.0 points)" in said


def test_what_is_said_of_sites_that_agree() -> None:
    own = with_gap((0.1, -0.1, 0.3))
    alike = own.assign(estimate=own["estimate"].where(own["group_by"] != "of_site", 0.2))
    (said,) = sites.said(alike, study())
    assert "no further apart than chance may have them" in said
    assert "does not differ by more than chance may" in said


def test_too_few_sites_are_not_taken_together() -> None:
    own = found()
    own.loc[own["group"].isin(["site 1", "site 2", "site 3"]), "status"] = "suppressed"
    (table,) = sites.tables(own, study())
    assert table.blocks[0].lines[-1].absent == "too few sites can be told"
    assert "too few to be taken together" in sites.said(own, study())[0]


def test_no_other_table_or_figure_sees_rows_of_sites() -> None:
    kept = select.asked_first(estimates(), study())
    assert not set(kept["group_by"]) & {"of_site", "over_sites"}


@pytest.mark.parametrize("changes", [{"sites": {}}])
def test_a_study_that_does_not_ask_says_nothing(changes: dict[str, object]) -> None:
    assert sites.tables(estimates(), study(**changes)) == []
