"""What is counted of tests that are kept as they are: others of the day disagree, before care, after death."""

from __future__ import annotations

from canonical_rows import OPEN, fates, outcome, raw

from iop_outcomes.clean import remarks


def screens(*rows, **person):
    """What becomes of tests of a person whose stay begins on day 0 and who can be observed to day 365."""
    tests = [{"day": day, "substance": substance, "result": result} for day, substance, result in rows]
    found = outcome(raw(screens=tests, persons=[person], stays=[OPEN]))
    assert len(found["screens"]) == len(tests)
    return fates(found, "screens")


def test_tests_of_one_day_that_disagree_are_counted_by_hand() -> None:
    """Of the same substance, with results, and not said the same twice."""
    assert screens(
        (7, "opioid", "negative"), (7, "opioid", "positive"), (7, "cocaine", "negative"), (7, "opioid", "missing"),
        (14, "opioid", "negative"), (15, "opioid", "positive"), (21, "opioid", "inconclusive"),
    ) == {"kept": 5, f"kept: {remarks.DISAGREE}": 2}  # fmt: skip
    three = [(7, "opioid", result) for result in ("negative", "positive", "inconclusive")]
    assert screens(*three) == {f"kept: {remarks.DISAGREE}": 3}


def test_tests_before_the_first_stay_and_after_death_are_counted() -> None:
    """With a result after death a test is set aside; a missed one stays, and the study reads it."""
    found = screens(
        (-30, "opioid", "positive"), (-1, "opioid", "missing"), (0, "opioid", "negative"), (40, "opioid", "missing"),
        (41, "opioid", "missing"), death_day=40,
    )  # fmt: skip
    assert found == {"kept": 2, f"kept: {remarks.BEFORE}": 2, f"kept: {remarks.AFTER_DEATH}": 1}


def test_a_row_is_counted_once_under_the_first_that_holds() -> None:
    found = screens((-3, "opioid", "positive"), (-3, "opioid", "negative"), (-3, "cocaine", "negative"))
    assert found == {f"kept: {remarks.DISAGREE}": 2, f"kept: {remarks.BEFORE}": 1}


def test_who_has_no_stay_has_no_time_before_it_and_who_is_alive_none_after_death() -> None:
    tests = [{"day": -5, "result": "missing"}]
    found = outcome(raw(screens=tests, stays=[]))
    assert fates(found, "screens") == {"kept": 1}
