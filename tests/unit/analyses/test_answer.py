"""The life of an estimand: where it may end, what each outcome says in words, and how it is wrapped once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from contrast_people import ask

from iop_outcomes.analyses.answer import Answered, Decided, answer, together
from iop_outcomes.analyses.outcomes import Outcome
from iop_outcomes.analyses.outcomes.at_a_day import AtADay
from iop_outcomes.analyses.outcomes.competing import Competing
from iop_outcomes.analyses.outcomes.in_care import InCare
from iop_outcomes.analyses.outcomes.to_an_event import ToAnEvent
from iop_outcomes.analyses.rows import Some, count_rows, rows_of
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.errors import NotPossible
from iop_outcomes.protocol import Gate, Inference

N = 200
SIDES = ("iop", "res")
ARM = np.arange(N) % 2
# 40 of 100 in the first arm, 60 of 100 in the second
STATES = np.where(np.where(ARM == 1, np.arange(N) < 80, np.arange(N) < 120), "abstinent", "using")
DAY = ask(step="abstinence", outcome="abstinent", method="naive", missing_rule="observed_only")
GATE = Gate(min_events=10)


def sample() -> Sample:
    ids = [f"p{i:03d}" for i in range(N)]
    people = pd.DataFrame({"person_id": ids, "record_id": ids, "site_id": "S", "arm": ARM})
    return Sample(people, SIDES, Inference(cluster="person"))


def told(found: Answered) -> tuple[str, str]:
    """Status and reason, the same in every row."""
    ((status, reason),) = {(str(row["status"]), str(row["reason"])) for row in found.estimates}
    return status, reason


def numbers(found: Answered) -> dict[tuple[str, str], float]:
    return {(str(row["measure"]), str(row["of"])): row["estimate"] for row in found.estimates}  # type: ignore[misc]


def test_each_side_their_difference_and_their_ratio() -> None:
    found = answer(DAY, sample(), AtADay(STATES), GATE)
    assert numbers(found) == pytest.approx(
        {("risk", "iop"): 0.4, ("risk", "res"): 0.6, ("risk", "difference"): -0.2, ("risk", "ratio"): 2 / 3}
    )
    assert [row["quantity"] for row in found.diagnostics] == ["detectable_difference"]
    assert {row["n_effective"] for row in found.estimates} == {N}


def test_it_ends_at_the_first_thing_that_stops_it() -> None:
    """The design is asked first, then whether the outcome is known, then how many had it, then the estimate."""
    outcome, unknown = AtADay(STATES), AtADay(np.full(N, "missing", dtype=object))
    gated = Decided("gated", "the design says so")
    assert told(answer(DAY, sample(), unknown, GATE, gated)) == ("gated", "the design says so")
    assert told(answer(DAY, sample(), "it is recorded of no one", GATE, gated)) == ("gated", "the design says so")
    assert told(answer(DAY, sample(), "it is recorded of no one", GATE)) == ("not_possible", "it is recorded of no one")
    status, reason = told(answer(DAY, sample(), unknown, Gate(min_events=1000)))
    assert (status, reason.split(" in ")[0]) == ("not_possible", "no interview, screen or discharge")
    crude = DAY.model_copy(update={"method": "crude"})
    assert told(answer(crude, sample(), outcome, Gate(min_events=1000))) == ("ok", "")
    assert told(answer(DAY, sample(), outcome, Gate(min_events=41))) == (
        "gated",
        "fewer than 41 events in the arm 'iop'",
    )
    found = answer(DAY, sample(), outcome, GATE.model_copy(update={"max_detectable_difference": 0.01}))
    assert told(found)[0] == "gated"
    assert [row["status"] for row in found.diagnostics] == ["failed"]


DAYS, CAUSE = np.arange(1.0, N + 1), np.where(np.arange(N) % 4 < 2, "unplanned", "completed").astype(object)
IMPOSSIBLE: list[tuple[Outcome, dict[str, str], str]] = [
    (AtADay(STATES), {"measure": "hazard_ratio"}, "a state on a day has no hazard"),
    (ToAnEvent(DAYS, ARM == 1), {"measure": "risk"}, "its hazard ratio is estimated"),
    (Competing(DAYS, DAYS, CAUSE, "unplanned"), {"measure": "mean_days"}, "a mean of days is of days in care"),
    (InCare(DAYS, DAYS, CAUSE, "in_care"), {"measure": "hazard_ratio"}, "being in care has no hazard"),
]


@pytest.mark.parametrize(("outcome", "asked", "said"), IMPOSSIBLE, ids=lambda v: type(v).__name__)
def test_what_an_outcome_cannot_be_asked_is_not_possible_and_said_in_words(
    outcome: Outcome, asked: dict[str, str], said: str
) -> None:
    row = DAY.model_copy(update=asked)
    estimate: Any = outcome.hazard_ratios if row.measure == "hazard_ratio" else outcome.means
    with pytest.raises(NotPossible, match=said):
        estimate(row, sample(), *([5] if row.measure == "hazard_ratio" else []))
    status, reason = told(answer(row, sample(), outcome, Gate(min_events=0)))
    assert status == "not_possible"
    assert said in reason


def test_days_of_leaving_and_of_care_differ_by_one() -> None:
    """Who leaves on day 50 has left by day 50, and was in care on it."""
    row = ask(method="naive", horizon_days=50)
    left = Competing(DAYS, DAYS, np.full(N, "unplanned", dtype=object), "unplanned")
    there = InCare(DAYS + 1, DAYS + 1, np.full(N, "unplanned", dtype=object), "in_care")
    gone = answer(row, sample(), left, GATE)
    kept = answer(row, sample(), there, GATE)
    by_then = [float((DAYS[a == ARM] <= 50).mean()) for a in (1, 0)]
    on_it = [float((DAYS[a == ARM] >= 50).mean()) for a in (1, 0)]
    assert [numbers(gone)["risk", s] for s in SIDES] == pytest.approx(by_then)
    assert [numbers(kept)["risk", s] for s in SIDES] == pytest.approx(on_it)


def test_a_subgroup_is_people_an_outcome_and_a_name() -> None:
    some = np.arange(N) < 150
    own = replace(sample(), everyone=sample().everyone[some].reset_index(drop=True))
    found = answer(DAY, own, AtADay(STATES[some]), GATE, some=Some("site", "S"))
    assert {(row["group_by"], row["group"]) for row in found.estimates} == {("site", "S")}
    risk = (STATES[some & (ARM == 1)] == "abstinent").mean()
    assert numbers(found)["risk", "iop"] == pytest.approx(risk)


def test_another_reading_of_the_missing_is_another_outcome() -> None:
    """A tipping value: so many of the missing are taken to be abstinent."""
    lost = np.where(np.arange(N) % 5 == 0, "missing", STATES)
    using = DAY.model_copy(update={"missing_rule": "missing_is_using"})
    shares = [
        numbers(
            answer(using, sample(), AtADay(np.where((lost == "missing") & (np.arange(N) < n), "abstinent", lost)), GATE)
        )
        for n in (0, N)
    ]
    assert shares[1]["risk", "iop"] - shares[0]["risk", "iop"] == pytest.approx(0.2)


def test_cells_that_several_questions_count_are_there_once() -> None:
    label = sample().label
    one, other = (Answered(counts=tuple(count_rows(DAY, label, STATES))) for _ in range(2))
    more = Answered(counts=tuple(count_rows(DAY.model_copy(update={"horizon_days": 365}), label, STATES)))
    found = together([one, other, more])
    assert len(found.counts) == 2 * len(one.counts) == 8
    assert sum(int(str(row["count"])) for row in found.counts) == 2 * N


def test_an_estimand_has_a_row_for_each_arm_or_is_one_ratio() -> None:
    assert rows_of(DAY, ("x", "y")) == ("x", "y", "difference", "ratio")
    hazard = DAY.model_copy(update={"measure": "hazard_ratio"})
    assert rows_of(hazard, ("x", "y")) == ("ratio",)
    response = DAY.model_copy(update={"measure": "dose_response"})
    assert rows_of(response, ("x", "y")) == ("more_hours", "fewer_hours", "difference", "ratio")
