"""Further care after leaving in report and figures: sentences, tables, the trial, and the truth beside it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from parsed_page import Page
from released_study import estimand, plain_study, released, study, typed

from iop_outcomes import report
from iop_outcomes.figures import strategies
from iop_outcomes.figures.style import Tables
from iop_outcomes.presentation import target_trials
from iop_outcomes.presentation.numbers import NARROW
from iop_outcomes.protocol import Analysis, AsRun
from iop_outcomes.report import known_truth, results, summary
from iop_outcomes.tables import TABLES
from iop_outcomes.vocabulary.trials import ASSIGNED, COMPARED, ELIGIBLE, ZERO

DOWN = {
    "title": "Stepping down or not", "leaves": ["3.1", "3.5"], "starts": ["1", "2.1"], "within_days": 14,
    "left_as": ["completed"],
}  # fmt: skip
KEY = ("going_on", "down", "abstinent", 180)
METHODS = (("as_observed", "crude"), ("started", "clone_censor_weight"))


@pytest.fixture(scope="module")
def asked() -> AsRun:
    whole = study(starting={"down": DOWN})
    same = {"step": "dose", "cohort": "hand", "analysis": "going_on", "contrast": "down", "outcome": "abstinent"}
    rows = [
        Analysis(
            **same, horizon_days=180, measure="risk", estimand=of, method=by, missing_rule="observed_only",
            family="secondary",
        )
        for of, by in METHODS
    ]  # fmt: skip
    return whole.model_copy(update={"analyses": [*whole.analyses, *rows]})


def rows(naive: float = 0.24, right: float | None = 0.15) -> list[dict[str, Any]]:
    found = []
    for (of, by), gap in zip(METHODS, (naive, right), strict=True):
        shares = {
            "started": (0.4 + (gap or 0), 0.4, 0.7), "not_started": (0.4, 0.3, 0.5),
            "difference": (gap or 0, (gap or 0) - 0.05, (gap or 0) + 0.05), "ratio": (1.3, 1.1, 1.6),
        }  # fmt: skip
        own = estimand((*KEY, of, by, "observed_only"), shares)
        if gap is None:
            never = dict.fromkeys(("estimate", "std_error", "conf_low", "conf_high"), float("nan"))
            own = [r | never | {"status": "gated", "reason": "one person under 'started' weighs much"} for r in own]
        found += own
    return found


def said(asked: AsRun, *given: Any) -> list[summary.Said]:
    (part,) = summary.summary(typed("estimates", rows(*given)), asked)
    assert part.title == "Stepping down or not"
    return list(part.said)


def test_sentences_are_of_all_who_left_and_the_naive_one_is_marked(asked):
    right, naive = said(asked)
    assert right.text == (
        "Among those whose answer is known, had those who left residential 3.1 or 3.5 all gone by \u2018starting "
        f"outpatient or intensive outpatient care within 14 days\u2019, 55.0{NARROW}% would have had the outcome "
        f"\u2018abstinent\u2019 on day 180, against 40.0{NARROW}% by \u2018starting none within 14 days\u2019: 15.0 "
        f"percentage points more (95{NARROW}% CI 10.0 to 20.0 more)."
    )
    assert (right.tone, naive.tone) == ("finding", "caution")
    assert "errs by 9.0 percentage points here, in favour of" in naive.text
    naive, gone = said(asked, 0.24, None)
    assert naive.text.endswith("This is no effect of going on: who started differs from who did not.")
    assert "one person under \u2018Starting outpatient or intensive" in gone.text


def test_the_trial_and_the_methods_say_who_when_and_what(asked):
    (trial,) = (one.derived for one in target_trials.trials(asked) if one.title == "Stepping down or not")
    assert trial[ZERO] == "The last day at the levels that are left."
    assert "Of these, people who leave residential 3.1" in trial[ELIGIBLE]
    assert "within 14 days; or starting none within 14 days" in trial[COMPARED]
    assert "as clones" in trial[ASSIGNED]
    table = typed("estimates", rows())
    tables = {**released(), "estimates": pd.concat([released()["estimates"], table], ignore_index=True)}
    page = " ".join(" ".join(Page(report.run(**tables, figures=[], study=asked, protocol="")["report"]).text).split())
    for words in ("Had everyone gone on to further care, or nobody", "Further care after leaving", *trial.values()):
        assert words in page
    assert "alive after three days or more, by: completed" in page


def test_tables_figures_and_truths_stand_naive_before_right(asked):
    table = typed("estimates", rows())
    (shown,) = results.of_contrast(table, TABLES["diagnostics"].empty(), asked, "down", "dose")
    lines = shown.blocks[0].lines
    assert [line.label for line in lines] == ["Naive: those who did so", "Clone, censor, weight"]
    assert "Starting none within 14 days" in shown.columns
    key = {"contrast": "down", "outcome": "abstinent", "horizon_days": 180, "estimand": "started", "measure": "risk"}
    truth = TABLES["truth"].cast(
        pd.DataFrame([{**key, "of": "difference", "truth": 0.16, "monte_carlo_error": 0.001}]).reindex(
            columns=list(TABLES["truth"].columns)
        )
    )
    (beside,) = known_truth.beside(table, asked, truth)
    naive, right = beside.blocks[0].lines
    assert (naive.wrong, naive.cells[-1], right.wrong, right.cells[-1]) == (True, "no", False, "yes")
    drawn = strategies.draw(
        Tables(released()["counts"], table, released()["curves"], released()["diagnostics"], truth), asked
    )
    assert drawn.data["method"].tolist() == ["crude", "clone_censor_weight"]
    assert set(drawn.data["truth"]) == {0.16}
    assert "Stepping down or not" in drawn.alt


def test_a_study_without_it_says_nothing_of_it():
    page = report.run(**released(), figures=[], study=study(), protocol="")["report"]
    assert "further care, or nobody" not in page
    assert "starting" in plain_study()
