"""Endpoints of invented people, worked by hand; what changes nothing; and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iop_outcomes.errors import StudyError
from iop_outcomes.patterns import ranges
from iop_outcomes.patterns.definition import Definition, definitions
from iop_outcomes.patterns.evaluate import TooShort, evaluate
from iop_outcomes.patterns.pattern import from_strings, to_strings
from iop_outcomes.patterns.published import added, find, published
from iop_outcomes.patterns.weeks import weekly
from iop_outcomes.patterns.words import AS_OPERATIONALISED, AS_PUBLISHED

ROW = {"name": "x", "version": "mine", "value": "integer", "statistic": "count", "counts": "negative"}


def row(**cells: str) -> Definition:
    return definitions([ROW | cells], "mine.csv")[0]


def of(text: str, one: Definition, interval_days: int = 7) -> float:
    return float(evaluate(from_strings(["a"], [text], interval_days), {"x": [one]})["x"].values[0])


def timed(text: str, **cells: str) -> tuple[float, bool]:
    one = row(value="survival", statistic="first", counts="positive", **cells)
    found = evaluate(from_strings(["a"], [text]), {"x": [one]})["x"]
    assert found.event is not None
    return float(found.values[0]), bool(found.event[0])


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({}, 3),
        ({"counts": "negative; mixed 0.5"}, 3.5),
        ({"missed": "negative"}, 5),
        ({"start": "2", "end": "4"}, 1),
        ({"start": "-3"}, 1),
        ({"start": "-3", "end": "-2"}, 0),
        ({"end": "last_test"}, 3),
        ({"start": "2", "end": "3", "window_of": "tests", "missed": "left_out"}, 1),
        ({"schedule": "1; 3; 8"}, 2),
        ({"statistic": "share", "value": "proportion"}, 3 / 8),
        ({"statistic": "share", "value": "proportion", "missed": "left_out"}, 3 / 6),
        ({"statistic": "longest_run"}, 1),
        ({"statistic": "longest_run", "counts": "positive; mixed"}, 1),
        ({"statistic": "longest_run", "counts": "positive; mixed", "missed": "left_out"}, 2),
        ({"value": "logical", "at_least": "3"}, 1),
        ({"value": "logical", "at_most": "2"}, 0),
        ({"retained": "9", "otherwise": "7"}, 7),
    ],
)
def test_one_person_by_hand(cells: dict[str, str], expected: float) -> None:
    """Weeks 1 to 8: three negative, two positive, one mixed, two missed."""
    text = "-+o-*o+-"
    pattern = from_strings(["a"], [text + "_"]) if "retained" in cells else from_strings(["a"], [text])
    found = evaluate(pattern, {"x": [row(**cells)]})["x"]
    assert found.values[0] == pytest.approx(expected)


def test_filling_in_by_hand() -> None:
    most = row(fill="most_common")
    assert of("--+oo", most) == 4  # negative twice, positive once
    assert of("-+oo", most) == 1  # as many: positive
    assert of("-*oo", most) == 1  # mixed counts as positive
    assert of("oooo", most) == 0
    near = row(fill="neighbours", counts="mixed")
    assert [of(text, near) for text in ("-o-", "-o+", "-o*", "+o*", "*o*")] == [0, 1, 2, 1, 3]
    assert [of(text, near) for text in ("o-", "-oo-", "-oe")] == [0, 0, 0]
    carried = row(fill="carried_forward", schedule="1; 4", not_scheduled="left_out")
    assert of("-+++", carried) == 3
    assert of("-+++", row(fill="carried_forward", schedule="2; 4", missed="negative")) == 0
    assert of("-++-", row(fill="carried_forward", schedule="2; 4")) == 1


def test_an_index_by_hand() -> None:
    """Use 1 x 1 + 0.22 + 2 x 0.5 of a worst case 1 + 1 + 2 + 2, upside down on 0 to 120."""
    counts = "positive; mixed 0.5; missed 0.22"
    one = row(statistic="index", value="proportion", counts=counts, penalty="1 x 2; 2 x 2", scale="120")
    assert of("+o*-", one) == pytest.approx(120 * (1 - 2.22 / 6))


@pytest.mark.parametrize(
    ("text", "cells", "expected"),
    [
        ("-+--", {"at_least": "1"}, (2, True)),
        ("----", {"at_least": "1"}, (4, False)),
        ("-++++", {"at_least": "4"}, (2, True)),
        ("-+++-", {"at_least": "4"}, (2, False)),
        ("--+", {"at_least": "4"}, (np.nan, False)),
        ("+-+-", {"at_least": "2", "within": "3"}, (1, True)),
        ("-+-+", {"at_least": "2", "within": "4"}, (2, True)),
        ("-+-+", {"at_least": "2", "within": "4", "dated": "latest_start"}, (3, True)),
        ("-+-+", {"at_least": "2", "within": "4", "dated": "known"}, (4, True)),
        ("-+---", {"at_least": "2", "within": "4"}, (4, False)),
        ("-+---", {"at_least": "2", "within": "4", "dated": "known"}, (5, False)),
        ("++--++", {"at_least": "2", "start": "3"}, (5, True)),
        ("+o+-", {"at_least": "2", "missed": "left_out"}, (1, True)),
        ("+o+-", {"at_least": "2"}, (3, False)),
        ("-o-oo", {"at_least": "2", "missed": "left_out"}, (1, False)),
    ],
)
def test_times_by_hand(text: str, cells: dict[str, str], expected: tuple[float, bool]) -> None:
    assert timed(text, **cells) == (pytest.approx(expected[0], nan_ok=True), expected[1])


def test_a_backdated_event_is_followed_to_the_last_week_in_which_it_could_begin() -> None:
    """Whoever has no run of four by week 10 was not at risk of one that began in week 8: it would not be known."""
    assert timed("-" * 10, at_least="4") == (7, False)
    assert timed("-" * 6 + "++++", at_least="4") == (7, True)


def test_weeks_of_days_by_hand() -> None:
    days = from_strings(["a", "b"], ["-__-__-+__-__o" + "o______e______x", "*_"], interval_days=1)
    assert to_strings(weekly(days)) == ["-*oex", "*"]
    assert weekly(days).interval_days == 7


def test_rows_of_one_endpoint_are_joined() -> None:
    """Negative in the last week, and at most one positive in the three before."""
    rows = find(["Ab_ctnThirty_2011"], AS_OPERATIONALISED, published())
    found = evaluate(from_strings(range(4), ["-" * 14 + last for last in ("-", "+", "o", "*")]), rows)
    assert found["Ab_ctnThirty_2011"].values.tolist() == [1, 0, 0, 0]


def test_a_user_adds_an_endpoint_as_a_row() -> None:
    """Two positive tests in any three weeks from the fifth on, of tests that were given."""
    cells = {"value": "survival", "statistic": "first", "counts": "positive", "at_least": "2", "within": "3"}
    rows = added([ROW | cells | {"name": "Rs_mine_2026", "start": "5", "missed": "left_out"}], "mine.csv")
    asked = find(["Rs_mine_2026"], "mine", rows)
    found = evaluate(from_strings(["a", "b"], ["++--+o-+", "++------"]), asked)["Rs_mine_2026"]
    assert found.values.tolist() == [5, 7]
    assert found.event is not None
    assert found.event.tolist() == [True, False]
    with pytest.raises(StudyError, match=r"mine.csv, row 1 .*published already \(as_published\)"):
        added([ROW | {"name": "Rd_fiellin_2006", "version": "as_published"}], "mine.csv")


INDEX = {"statistic": "index", "value": "proportion", "counts": "positive"}


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"counts": "negativ"}, r"row 1 \(x\), column counts: 'negativ' is not known. Did you mean 'negative'\?"),
        ({"statistic": "longest run"}, r"column statistic: .* Did you mean 'longest_run'\?"),
        ({"mised": "positive"}, r"the column 'mised' is not known. Did you mean 'missed'\?"),
        ({"missed": "zzz"}, "column missed: 'zzz' is not known. Known: .*left_out"),
        ({"at_least": "many"}, "'many' is no number"),
        ({"start": "1.5"}, "'1.5' is no whole number"),
        ({"counts": ""}, "the column 'counts' is empty"),
        ({"value": "logical"}, "a yes or no needs `at_least` or `at_most`"),
        ({"value": "survival"}, "'survival' is for the statistic 'first'"),
        ({"at_least": "2"}, "are for yes or no"),
        ({"start": "5", "end": "4"}, r"the window ends \(4\) before it starts \(5\)"),
        ({"start": "0"}, "counted from 1"),
        ({"schedule": "1-4; 7-5"}, "column schedule: '7-5' is no week, and no weeks one after the other"),
        ({"schedule": "0-4"}, "'0-4' is no week"),
        ({"value": "survival", "statistic": "first", "at_least": "2.5"}, "a whole number of intervals"),
        ({"value": "survival", "statistic": "first"}, "needs `at_least`: how many make the event"),
        ({"penalty": "1 x 3"}, "`penalty` is for the statistic 'index'"),
        ({"statistic": "first", "value": "survival", "at_least": "4", "within": "3"}, "4 of 3 intervals cannot be"),
        ({"counts": "negative; mixed 0.5; negative 2"}, "'negative' stands twice"),
        ({"counts": "negative 0"}, r"column counts: 0 cannot be. Expected above 0 \(the weight of a state\)"),
        ({"counts": "negative -1"}, "column counts: -1 cannot be"),
        ({"counts": "negative nan"}, "'nan' is no number"),
        ({"schedule": "1-7; 5"}, "week 5 stands twice"),
        ({"schedule": "1-999999"}, "'1-999999' is no week"),
        ({"tests_per_week": "0"}, "column tests_per_week: 0 cannot be. Expected above 0, and no more than 7"),
        ({"within": "-2"}, "column within|`within` is for"),
        ({"retained": "-3"}, "column retained: -3 cannot be"),
        ({"scale": "100"}, "`scale` is for the statistic 'index'"),
        (INDEX | {"penalty": "1 x 3", "scale": "0"}, "column scale: 0 cannot be"),
        (INDEX | {"counts": "negative", "penalty": "1 x 3"}, "it would be defined of nobody. Name positive"),
        (INDEX, "the statistic 'index' needs `penalty`"),
        ({"dated": "known"}, "`dated` is for the statistic 'first'"),
        ({"empty": "0"}, "`empty` is for the statistic 'share' or 'index'"),
        ({"otherwise": "0"}, "the week of `retained`, which is empty"),
        ({"statistic": "longest_run", "counts": "negative 2"}, "`counts` gives weights, and of .* 'longest_run'"),
        ({"statistic": "first", "value": "survival", "at_least": "2", "retained": "3"}, "`retained` is not for"),
        ({"value": "proportion"}, "a value of 'proportion' is for .* 'count' gives a number"),
        ({"counts": "negative; not_due"}, "column counts: 'not_due' is what comes after a person's pattern has ended"),
        ({"missed": "not_due"}, "column missed: 'not_due' is what comes after"),
        ({"statistic": "share", "value": "proportion", "counts": "negative 2"}, "counts: 2 cannot .* no more than 1"),
        ({"STATISTIC": "share"}, r"the column 'STATISTIC' is not known. Did you mean 'statistic'\?"),
        ({"retained": "3", "otherwise": "-1"}, "column otherwise: -1 cannot be"),
        ({"statistic": "share", "value": "proportion", "empty": "3"}, "column empty: 3 cannot be. Expected 0 or more"),
        (INDEX | {"penalty": "1 x -2"}, "is of no weeks"),
        (INDEX | {"penalty": "-1 x 2"}, "column penalty: -1 cannot be"),
        ({"value": "logical", "at_least": "1e3"}, "'1e3' is no number"),
        ({"value": "logical", "at_least": "1/0"}, "'1/0' is no number"),
    ],
)
def test_a_row_with_a_mistake_is_refused(cells: dict[str, str], said: str) -> None:
    with pytest.raises(StudyError, match=said):
        row(**cells)


def test_a_name_with_a_mistake_is_refused_with_the_nearest() -> None:
    with pytest.raises(StudyError, match=r"'Rd_fielin_2006' is not known .* Did you mean 'Rd_fiellin_2006'\?"):
        find(["Rd_fielin_2006"], AS_PUBLISHED, published())
    with pytest.raises(StudyError, match=r"'Rd_lingB_1976' is not known as published. There is one as as_operational"):
        find(["Rd_lingB_1976"], AS_PUBLISHED, published())
    with pytest.raises(StudyError, match=r"'as_publishd' .* Did you mean 'as_published'\?"):
        find([], "as_publishd", published())
    assert list(find(["RsE_lee_2016"], AS_PUBLISHED, published())) == ["Rs_lee_2016"]


def test_a_window_that_nobody_is_followed_to_is_refused_without_the_last_week_of_a_single_person() -> None:
    weeks = from_strings(["a", "b"], ["-" * 20, "-" * 23])
    with pytest.raises(TooShort, match="a window to week 24, and nobody is followed that far") as caught:
        evaluate(weeks, find(["Rd_haight_2019"], AS_PUBLISHED, published()))
    assert caught.value.reach.tolist() == [20, 23]
    assert "23" not in str(caught.value)
    with pytest.raises(TooShort, match="a schedule to week 15, and nobody is followed that far"):
        evaluate(weeks.window(1, 3), find(["Rd_lofwall_2018"], AS_OPERATIONALISED, published()))
    assert evaluate(weeks, find(["Rd_haight_2019"], AS_OPERATIONALISED, published()))


def test_patterns_that_are_too_coarse_are_refused() -> None:
    with pytest.raises(StudyError, match="of single tests, 3 a week; these patterns have one state per 7 days"):
        evaluate(from_strings(["a"], ["-" * 30]), find(["Ab_ling_1998"], AS_PUBLISHED, published()))
    days = from_strings(["a"], ["-_-_-__" * 5], interval_days=1)
    asked = find(["Ab_ling_1998", "Ab_schottenfeld_2005"], AS_PUBLISHED, published())
    found = evaluate(days, asked)
    assert [found[name].values[0] for name in asked] == [1, 5]


def test_patterns_that_begin_late_are_refused() -> None:
    with pytest.raises(StudyError, match="the first interval is number 3"):
        evaluate(from_strings(["a"], ["--"], first=3), {"x": [row()]})
    assert evaluate(from_strings(["a"], ["++--"], first=-1), {"x": [row()]})["x"].values.tolist() == [2]


@given(st.lists(st.text("-+o*_ex", max_size=40), min_size=1, max_size=12))
def test_order_and_company_of_people_change_nothing(texts: list[str]) -> None:
    """Of everyone alone, twice, and in another order the same; columns of a longer person's pattern add nothing."""
    rows = find([], AS_OPERATIONALISED, published())
    long = ["-" * 40]
    together = evaluate(from_strings(range(len(texts) + 1), texts + long), rows)
    twice = evaluate(from_strings(range(2 * len(texts) + 1), [*texts[::-1], *long, *texts]), rows)
    for name, found in together.items():
        n = len(texts)
        np.testing.assert_array_equal(found.values[:n], twice[name].values[:n][::-1])
        np.testing.assert_array_equal(found.values[:n], twice[name].values[n + 1 :])
        if found.event is not None and twice[name].event is not None:
            np.testing.assert_array_equal(found.event[:n], twice[name].event[n + 1 :])


@given(
    st.sampled_from(["count", "share", "longest_run"]),
    st.integers(1, 8),
    st.integers(0, 7),
    st.sampled_from(["-4", "0", "0.5", "1", "1.5", "3", "8", "9", "400"]),
    st.sampled_from(["negative", "negative 0.5", "negative; mixed 0.5"]),
)
def test_a_bound_is_accepted_where_somebody_can_reach_it_and_somebody_not(
    statistic: str, start: int, more: int, bound: str, counts: str
) -> None:
    """An endpoint that everybody has, or that nobody could, is a mistake of its row; half a week in a row, too."""
    end = start + more
    if statistic == "longest_run":
        counts = "negative"
    cells = {"statistic": statistic, "start": str(start), "end": str(end), "counts": counts, "value": "logical"}
    best, worst = "-" * 20, "+" * 20
    plain = row(**{**cells, "value": "proportion" if statistic == "share" else "integer"})
    largest, least = (of(text, plain) for text in (best, worst))
    whole = statistic != "longest_run" or float(bound) == int(float(bound))
    if least < float(bound) <= largest and whole:
        asked = row(**cells, at_least=bound)
        assert [of(best, asked), of(worst, asked)] == [1, 0]
    else:
        with pytest.raises(StudyError, match=r"column at_least: .* cannot be. Expected .* Correct the number, or the"):
            row(**cells, at_least=bound)


@given(
    st.sampled_from(["count", "share", "longest_run"]),
    st.sampled_from([{}, {"start": "3"}, {"start": "-4"}, {"window_of": "tests", "end": "6"}, {"end": "last_test"}]),
    st.integers(5, 30),
    st.sampled_from(["1", "3", "8", "400"]),
)
def test_a_bound_is_within_reach_of_weeks_where_somebody_followed_for_them_has_it(
    statistic: str, window: dict[str, str], weeks: int, bound: str
) -> None:
    cells = {"statistic": statistic, "value": "logical", **window}
    try:
        asked = row(**cells, at_least=bound)
    except StudyError:
        return
    assert (ranges.wrong(asked, weeks) == "") == (of("-" * weeks, asked) == 1)


def test_tests_of_weeks_are_counted_by_no_number_a_week() -> None:
    with pytest.raises(StudyError, match=r"mine.csv, row 1 \(x\): `tests_per_week` is for `unit = test`"):
        added([ROW | {"tests_per_week": "3"}], "mine.csv")
    assert added([ROW | {"tests_per_week": "3", "unit": "test"}], "mine.csv")


def test_every_published_endpoint_is_within_its_ranges() -> None:
    assert len(published()) > 100
    assert all(not ranges.wrong(one) for one in published())


def test_an_excused_week_breaks_no_run_unless_the_row_says_so() -> None:
    """As in the published endpoints; and whether the run is asked about as yes or no, as a number, or as a time."""
    assert of("--e-_-", row(statistic="longest_run")) == 4
    assert of("--e-_-", row(statistic="longest_run", excused="excused")) == 2
    assert of("--e-_-", row(statistic="longest_run", excused="excused", not_scheduled="not_scheduled")) == 2
    assert of("--e-_-", row(statistic="longest_run", value="logical", at_least="4")) == 1
    assert timed("+e+-", at_least="2") == (1, True)
    assert timed("+e+-", at_least="2", excused="excused") == (3, False)
