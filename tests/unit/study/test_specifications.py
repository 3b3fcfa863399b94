"""Specification curves: every combination is asked, none twice, each by the question of its outcome, and shown there
alone.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from parts import contrast, endpoint
from released_study import estimand, study, typed, words

from iop_outcomes.errors import StudyError
from iop_outcomes.presentation import select
from iop_outcomes.protocol import Analysis, Study
from iop_outcomes.protocol.rows import SPECIFICATION
from iop_outcomes.study import margins, specifications

CURVE = {
    "title": "t", "contrast": "c", "outcomes": ["o", "o_gap_7"], "horizon_days": [90], "methods": ["overlap", "iptw"],
    "classifiers": ["asam"],
}  # fmt: skip


def asked(**changes: Any) -> Study:
    own = contrast("iop", "res", classifiers=["asam", "broad"])
    given = {"cohort": "k", "title": "t", "source": {"kind": "synthetic"}, "contrasts": {"c": own}}
    return Study.model_validate({**given, "specifications": {"curve": {**CURVE, **changes}}})


def row(**changes: Any) -> Analysis:
    plain = {
        "cohort": "k", "analysis": "staying", "step": "retention", "contrast": "c", "outcome": "o", "horizon_days": 90,
        "measure": "risk", "estimand": "ATO", "method": "overlap", "family": "primary",
    }  # fmt: skip
    return Analysis.model_validate({**plain, **changes})


SHEET = (row(), row(analysis="staying_gap_7", outcome="o_gap_7", family="sensitivity"))


def test_every_combination_is_asked_once_beside_the_sheet() -> None:
    """2 outcomes x 2 methods under the own classifier, of which the sheet asks 2; with the other one all 4 more."""
    assert len(specifications.rows(asked(), SHEET)) == 2
    found = specifications.rows(asked(), SHEET, variants=True)
    assert len(found) == 6
    keys = {(r.contrast, r.outcome, r.method) for r in (*SHEET, *found)}
    assert len(keys) == 8
    assert {r.contrast for r in found} == {"c", "c_by_asam"}
    assert {r.family for r in found} == {SPECIFICATION}
    # people are counted by the question of their outcome, and whom an estimand speaks for follows from the method
    assert {r.analysis for r in found if r.outcome == "o_gap_7"} == {"staying_gap_7"}
    assert {(r.method, r.estimand) for r in found} == {("overlap", "ATO"), ("iptw", "ATE")}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"contrast": "d"}, r"specifications\.curve: .*'d'.*c"),
        ({"outcomes": ["other"]}, r"'other'.*o, o_gap_7"),
        ({"classifiers": ["label"]}, r"'label'.*asam, broad"),
        ({"methods": ["att"]}, "'att' counts the people of one arm as they are"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(StudyError, match=said):
        specifications.rows(asked(**changes), SHEET)


def test_no_verdict_is_given_on_what_a_curve_alone_asks() -> None:
    own = asked()
    more = specifications.rows(own, SHEET)
    found = margins.judged(
        own.contrasts, {}, (*SHEET, *more), {"o": endpoint("o", "in_care"), "o_gap_7": endpoint("o_gap_7", "in_care")}
    )
    assert [(one.outcome, one.asked) for one in found] == [("o", ["overlap"])]


def test_methods_without_a_score_are_no_specifications() -> None:
    with pytest.raises(ValueError, match="'crude' is no method that a specification can vary"):
        asked(methods=["crude"])


def test_what_a_curve_alone_asks_is_shown_nowhere_else() -> None:
    whole = study()
    more = [r.model_copy(update={"method": "matching", "family": SPECIFICATION}) for r in whole.primary[-1:]]
    plain = {n: getattr(whole, n) for n in type(whole).model_fields if n not in ("primary", "specified")}
    whole = type(whole).model_validate({**plain, "analyses": [*whole.analyses, *more]})
    assert [r.method for r in whole.specified] == ["matching"]
    (ask,) = more
    key = (ask.analysis, ask.contrast, ask.outcome, ask.horizon_days, "ATM", "matching", ask.missing_rule)
    rows = typed("estimates", estimand(key, {"difference": (0.1, 0.0, 0.2)}, measure=ask.measure))
    usual = typed("estimates", estimand((*key[:4], "ATO", "overlap", key[6]), {"difference": (0.1, 0.0, 0.2)}))
    table = pd.concat([rows, usual], ignore_index=True)
    assert list(select.asked_first(table, words(whole))["method"]) == ["overlap"]
    assert list(select.asked_first(table, words())["method"]) == ["matching", "overlap"]
