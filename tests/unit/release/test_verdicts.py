"""Verdicts from released estimates: readings together, methods, protection, earlier margins, no more than is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from release_rows import PLENTY, four, release, row
from results_rows import made as table

from iop_outcomes.design import locked
from iop_outcomes.errors import StudyError
from iop_outcomes.protocol import Judged
from iop_outcomes.release import verdicts

ASKED = Judged(
    analysis="abstinence", contrast="c", outcome="abstinent", horizon_days=180, measure="risk", of="difference",
    better="more", margin=-0.1, strict=-0.05, primary=["overlap"], asked=["crude", "iptw", "overlap"],
    readings=["missing_is_using", "imputed"],
)  # fmt: skip
USING, IMPUTED, SEEN = "missing_is_using", "imputed", "observed_only"
OF = {"overlap": "ATO", "iptw": "ATE", "crude": "as_observed"}


def estimate(value: float, error: float = 0.02, rule: str = USING, method: str = "overlap", **more: Any) -> dict:
    ends = {"conf_low": value - 1.959963985 * error, "conf_high": value + 1.959963985 * error}
    numbers = {"estimate": value, "std_error": error, **ends, "p_value": 0.5, "n": 1000, "rounding_error": 0.0}
    told = {"of": "difference", "measure": "risk", "method": method, "estimand": OF[method], "missing_rule": rule}
    made = row(told.pop("measure"), told.pop("of"), **{**told, **numbers})
    return {**made, **more}


def judged(rows: list[dict], asked: Judged = ASKED, earlier: dict | None = None, level: float = 0.95) -> dict:
    frame = verdicts.made(table("estimates", rows), [asked], level, earlier or {})
    return {(r.method, r.missing_rule, r.by): r for r in frame.itertuples()}


def lead(rows: list[dict], asked: Judged = ASKED) -> Any:
    (one,) = [r for r in judged(rows, asked).values() if r.leads]
    return one


def test_no_worse_must_hold_under_both_readings() -> None:
    both = [estimate(0.0), estimate(-0.01, rule=IMPUTED)]
    found = judged(both)
    together = found["overlap", "together", "stated"]
    assert together.verdict == "equivalent"
    assert together.leads
    # 0.0 with 0.02: 95 % from -0.0392; -0.01: -0.0492; the strict margin of 0.05 holds of both, by the lower of the two
    assert together.conf_low == pytest.approx(-0.01 - 1.959964 * 0.02)
    assert together.conf_high == pytest.approx(1.959964 * 0.02)
    assert found["overlap", "together", "strict"].verdict == "equivalent"
    apart = [estimate(0.0), estimate(-0.07, rule=IMPUTED)]
    one = lead(apart)
    assert one.verdict == "inconclusive"
    assert one.reason == "missing counted as use: as good; multiple imputation: worse"


def test_without_a_reading_that_it_needs_nothing_is_called_no_worse() -> None:
    one = lead([estimate(0.0), estimate(0.0, rule=SEEN)])
    assert (one.verdict, one.reason) == (
        "inconclusive", "as good under what was asked, and not asked with: multiple imputation",
    )  # fmt: skip
    # worse needs no second reading, but how much worse does
    worse = lead([estimate(-0.2)])
    assert (worse.verdict, worse.reason) == ("inferior", "")
    assert lead([estimate(-0.05, 0.01)]).verdict == "inferior"
    assert lead([estimate(-0.05, 0.01), estimate(-0.05, 0.01, IMPUTED)]).verdict == "worse_by_less_than_the_margin"


def test_the_preferred_primary_method_with_a_number_leads_and_the_others_stand_beside_it() -> None:
    gated = estimate(0.0) | {"status": "gated", "reason": "too far apart", "estimate": float("nan")}
    asked = ASKED.model_copy(update={"readings": [USING], "primary": ["overlap", "iptw"]})
    found = judged([gated, estimate(0.2, method="iptw")], asked)
    assert found["overlap", "together", "stated"].verdict == "not_answerable"
    assert found["overlap", "together", "stated"].reason == "too far apart"
    assert found["iptw", "together", "stated"].leads
    assert found["iptw", "together", "stated"].verdict == "superior"
    # where the only primary method has none, no other takes its place
    alone = lead([gated, estimate(0.2, method="iptw")], asked.model_copy(update={"primary": ["overlap"]}))
    assert (alone.method, alone.verdict) == ("overlap", "not_answerable")


def test_unadjusted_rows_are_judged_only_where_chance_assigned_the_arms() -> None:
    crude = [estimate(0.0, method="crude")]
    assert lead(crude).reason == verdicts.NOT_COMPARABLE
    asked = ASKED.model_copy(update={"readings": [], "randomised": True, "primary": ["crude"]})
    assert lead(crude, asked).verdict == "equivalent"


def test_crude_shares_have_newcombes_limits_and_the_score_test() -> None:
    """118 of 200 against 124 of 205: from -0.10944 by Newcombe, p 0.03975 by Farrington and Manning."""
    arms = [
        row("risk", arm, number=0.5, method="crude", missing_rule="none", n=n, events=events, estimate=events / n)
        for arm, events, n in (("iop", 118, 200), ("residential", 124, 205))
    ]
    gap = estimate(118 / 200 - 124 / 205, 0.0488, "none", "crude")
    asked = ASKED.model_copy(update={"readings": [], "randomised": True, "strict": None, "primary": ["crude"]})
    one = lead([*arms, gap], asked)
    assert one.p_no_worse == pytest.approx(0.0397550, abs=1e-6)
    assert one.conf_low == pytest.approx(-0.10943633, abs=1e-7)
    assert one.verdict == "inconclusive"


def test_rounding_counts_against_the_verdict() -> None:
    """A lower limit of -0.098 that protection may have moved by 0.005 does not show what -0.098 would."""
    asked = ASKED.model_copy(update={"readings": [], "strict": None})
    ends = {"conf_low": -0.098, "conf_high": 0.05}
    assert lead([estimate(-0.024) | ends], asked).verdict in ("equivalent", "non_inferior")
    rounded = lead([estimate(-0.024) | ends | {"rounding_error": 0.005}], asked)
    assert rounded.verdict == "inconclusive"
    # what is told are the limits as they were released
    assert (rounded.conf_low, rounded.conf_high) == pytest.approx((-0.098, 0.05))
    assert rounded.flips_at == pytest.approx(-0.103)


def test_ratios_are_judged_on_their_logarithms() -> None:
    asked = ASKED.model_copy(update={"measure": "hazard_ratio", "of": "ratio", "better": "fewer", "margin": 1.25,
                                     "strict": None, "readings": []})  # fmt: skip
    low, high = 0.95 / 1.2, 0.95 * 1.2
    ratio = estimate(0.95) | {"measure": "hazard_ratio", "of": "ratio", "conf_low": low, "conf_high": high,
                              "std_error": float("nan")}  # fmt: skip
    one = lead([ratio], asked)
    assert one.verdict == "equivalent"
    assert one.flips_at == pytest.approx(high)
    assert one.needed == pytest.approx(1000 * (3.2415 * (0.182322 / 1.959964) / 0.223144) ** 2, abs=1.5)
    assert lead([ratio | {"conf_high": 1.3}], asked).verdict == "inconclusive"


def test_intervals_of_another_level_are_brought_to_the_level_of_the_rule() -> None:
    half = 2.5758293 * 0.02
    ninety_nine = estimate(0.0) | {"conf_low": -half, "conf_high": half}
    asked = ASKED.model_copy(update={"readings": [], "strict": None})
    found = judged([ninety_nine], asked, level=0.99)["overlap", "together", "stated"]
    assert found.conf_high == pytest.approx(1.959964 * 0.02)


def test_without_a_margin_only_better_and_worse_are_told() -> None:
    asked = ASKED.model_copy(update={"margin": None, "strict": None, "readings": []})
    assert lead([estimate(0.0)], asked).reason == verdicts.NO_MARGIN_SET
    assert lead([estimate(0.2)], asked).verdict == "superior"
    assert lead([estimate(-0.2)], asked).verdict == "inferior"


def test_a_margin_that_was_another_one_is_told_with_its_verdict() -> None:
    rows = [estimate(-0.05), estimate(-0.05, rule=IMPUTED)]
    before = verdicts.made(table("estimates", rows), [ASKED], 0.95, {})
    now = ASKED.model_copy(update={"margin": -0.15})
    changed = verdicts.changed([before], [now])
    assert set(changed.values()) == {-0.1}
    assert verdicts.changed([before], [ASKED]) == {}
    found = judged(rows, now, changed)
    assert found["overlap", "together", "stated"].verdict == "worse_by_less_than_the_margin"
    assert found["overlap", "together", "earlier"].margin == -0.1
    assert not found["overlap", "together", "earlier"].leads


def test_verdicts_come_out_of_the_release_and_say_nothing_that_it_does_not() -> None:
    """Made of the released rows alone: those of the private ones, with other numbers, do not enter."""
    asked = [ASKED.model_copy(update={"randomised": True, "readings": [], "primary": ["crude"]})]
    rows = four() + four(missing_rule=SEEN)
    found = release(counts=PLENTY, estimates=rows, judged=asked)
    again = verdicts.made(found["estimates"], asked, 0.95, {})
    assert found["verdicts"].equals(again)
    assert len(again) > 0
    few = [r | {"count": 5} if (r["arm"], r["level"]) == ("iop", "abstinent") else r for r in PLENTY]
    hidden = release(counts=few, estimates=rows, judged=asked)["verdicts"]
    own = hidden[hidden["missing_rule"] == USING]
    assert (own["verdict"] == "not_answerable").all()
    assert own[["conf_low", "needed", "detectable", "flips_at"]].isna().all(axis=None)


def test_margins_are_those_that_the_design_wrote(tmp_path: Path) -> None:
    path = tmp_path / "margins.json"
    path.write_text(locked.written([ASKED]), encoding="utf-8")
    locked.check([str(path)], [ASKED])
    with pytest.raises(StudyError, match="another one than the design wrote before outcomes were read"):
        locked.check(str(path), [ASKED.model_copy(update={"margin": -0.2})])
    told = json.loads(path.read_text())
    told["margins"][0]["margin"] = -0.2
    path.write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(StudyError, match="do not go with their hash"):
        locked.check(str(path), [ASKED])
