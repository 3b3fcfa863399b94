"""Releases of several places taken together: which questions, of which numbers, and what is refused."""

from __future__ import annotations

import csv
import io
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from released_study import MINUS, estimates, study, words

from iop_outcomes.errors import StudyError
from iop_outcomes.estimators.base.random_effects import across
from iop_outcomes.verify import pool, released

ERROR = 0.02


def place(cohort: str, shift: float = 0.0, rounding: float = 0.0, **changes: Any) -> Any:
    """A release whose differences of shares are moved by so much, each with a standard error of .02."""
    table = estimates()
    moved = (table["of"] == "difference") & (table["measure"] == "risk")
    table = table.assign(
        estimate=table["estimate"] + shift * moved,
        std_error=np.where(table["of"].isin(["difference", "ratio"]), ERROR, np.nan),
        rounding_error=rounding,
        status=table["status"],
    )
    own = study(**changes)
    return SimpleNamespace(plain={"cohort": cohort}, study=own, compared=words(own), tables={"estimates": table})


def questions(found: pool.Pool) -> dict[tuple[object, ...], pool.Pooled]:
    """The shares of people, by what tells one from another."""
    risks = (p for p in found.pooled if p.row["measure"] == "risk")
    return {(p.row["outcome"], p.row["of"], p.row["method"], p.row["missing_rule"]): p for p in risks}


def test_the_same_question_of_several_places_is_taken_together() -> None:
    found = questions(pool.Pool([place("north", -0.03), place("south"), place("east", 0.09)]))
    one = found["unplanned_discharge", "difference", "overlap", "none"]
    assert one.places == 3
    by_hand = across(0.213 + np.array([-0.03, 0.0, 0.09]), [ERROR] * 3)
    assert (one.found.value, one.found.high) == pytest.approx((by_hand.value, by_hand.high))
    assert one.found.next_low < one.found.low < 0.213 + 0.02 < one.found.high < one.found.next_high
    # ratios are taken together as logarithms
    ratio = found["unplanned_discharge", "ratio", "overlap", "none"]
    assert ratio.found.value == pytest.approx(np.log(2.07))
    assert ratio.on(ratio.found.value) == pytest.approx(2.07)
    # unadjusted comparisons that chance did not decide are not, and arms are none
    assert not [key for key in found if key[2] == "crude" or key[1] in ("iop", "res")]


def test_rounding_counts_as_variance() -> None:
    plain, coarse = (
        questions(pool.Pool([place("a", 0.0, by), place("b", 0.0, by)]))[
            "unplanned_discharge", "difference", "overlap", "none"
        ]
        for by in (0.0, 0.03)
    )
    assert coarse.found.error == pytest.approx(np.sqrt((ERROR**2 + 0.03**2 / 3) / 2))
    assert plain.found.error == pytest.approx(ERROR / np.sqrt(2))


def test_what_is_defined_otherwise_is_named_and_left_out() -> None:
    other = place("south")
    ends = other.study.endpoints
    changed = ends["abstinent"].model_copy(update={"window_days": 99, "label": "In other words"})
    moved = other.study.model_copy(update={"endpoints": {**ends, "abstinent": changed}})
    both = pool.Pool([place("north"), SimpleNamespace(**{**vars(other), "study": moved})])
    assert dict(both.unlike) == {"abstinent": "window_days in north and south"}
    assert {p.row["outcome"] for p in both.pooled} & {"abstinent", "unplanned_discharge"} == {"unplanned_discharge"}
    assert "'abstinent' is not the same everywhere" in both.text()


def test_the_words_tell_the_primary_questions_and_the_table_all() -> None:
    whole = pool.Pool([place("north", -0.03), place("south"), place("east", 0.09)])
    text = whole.text()
    assert text.startswith("3 releases: north, south, east.")
    assert "Unplanned discharge, day 90, overlap weighting, difference: +23.3 (95 % CI" in text.replace("\u202f", " ")
    assert f"one more place {MINUS}" in text
    assert "Death from any cause" not in text
    rows = list(csv.DictReader(io.StringIO(whole.table())))
    assert len(rows) == len(whole.pooled)
    death = next(r for r in rows if (r["outcome"], r["of"]) == ("death", "ratio"))
    assert float(death["estimate"]) == pytest.approx(0.67)
    assert float(death["least_without_one"]) == pytest.approx(0.67)


def test_numbers_that_are_not_told_are_left_out() -> None:
    gone = place("south")
    table = gone.tables["estimates"]
    gone.tables["estimates"] = table.assign(status=pd.Series("suppressed", table.index, dtype=object))
    assert pool.Pool([place("north"), gone]).pooled == []
    assert "No question is answered alike" in pool.Pool([place("north"), gone]).text()


def test_one_release_and_two_of_one_cohort_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StudyError, match="two folders"):
        pool.of(["one"])
    monkeypatch.setattr(released, "opened", lambda folder: SimpleNamespace(plain={"cohort": "ours"}))
    with pytest.raises(StudyError, match="'ours': its people would count twice"):
        pool.of(["one", "other"])
