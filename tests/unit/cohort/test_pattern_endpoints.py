"""Endpoints of use patterns in a study: by name, or as a definition of its own, on patterns small enough to read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import parts
import pytest
from cohort_rows import people, table
from pattern_rows import RULES, use_patterns
from pydantic import ValidationError

import iop_outcomes as iop
from iop_outcomes.cohort import pattern_endpoints, use
from iop_outcomes.errors import StudyError
from iop_outcomes.patterns.published import find, published
from iop_outcomes.protocol import Endpoint, Use
from iop_outcomes.study import sheets
from iop_outcomes.tables import TABLES, check

READ = ["as_use", "known", "as_free"]
THREE_IN_A_ROW = "statistic = longest_run | counts = negative | at_least = 3 | missed = left_out"
KINDS = {
    "pattern_answer": "statistic = longest_run | counts = negative | at_least = 2",
    "pattern_number": "statistic = longest_run | counts = negative",
    "pattern_share": "statistic = share | counts = negative",
}


def living(*names: str, **columns: object) -> pd.DataFrame:
    return people(*names, **columns).assign(death_day=pd.array([None] * len(names), dtype="Int64"))


def dated(texts: dict[str, str], deaths: dict[str, int], **columns: object) -> pd.DataFrame:
    """People of whom some die: on the day that is given, or on the first day of their first week of death."""
    first = {name: 7 * text.index("x") for name, text in texts.items() if "x" in text}
    day = pd.array([deaths.get(name, first.get(name)) for name in texts], dtype="Int64")
    return people(*texts, **columns).assign(death_day=day)


def found(
    texts: dict[str, str],
    kind: str,
    pattern: str,
    horizon: int = 70,
    observed_days: int = 100,
    rules: Use = RULES,
    deaths: str = "counted_against",
    dying: dict[str, int] | None = None,
    version: str = "",
) -> dict[str, pd.DataFrame]:
    endpoint = parts.endpoint("o", kind, substance="opioid", pattern=pattern, deaths=deaths, version=version)
    given = dated(texts, dying or {}, observed_days=observed_days)
    tables = pattern_endpoints.run(given, use_patterns(texts), rules, [endpoint], {"o": [horizon]})
    for name, frame in tables.items():
        check(TABLES[name], frame)
    return tables


def said(texts: dict[str, str], pattern: str, horizon: int = 70) -> dict[str, object]:
    rows = found(texts, "pattern_answer", pattern, horizon)["abstinence"]
    return dict(zip(rows["person_id"], rows["abstinent"].astype(object), strict=True))


def test_a_published_endpoint_by_name() -> None:
    """Three weeks in a row negative, within the weeks that end by the horizon: day 20 ends week 3 where week 1 begins
    on day 0.
    """
    texts = {"a": "---+++", "b": "+-o--+", "c": "+++---", "d": ""}
    assert said(texts, "Ab_kosten_1993", 41) == {"a": True, "b": False, "c": True, "d": pd.NA}
    assert said(texts, "Ab_kosten_1993", 40)["c"] is False
    assert said(texts, "Ab_kosten_1993", 19)["a"] is False


def test_a_definition_of_ones_own_in_the_sheet(tmp_path: Path) -> None:
    """A row of the endpoint library is all that a further endpoint takes."""
    sheet = tmp_path / "endpoints.tsv"
    head = ["outcome", "kind", "label", "definition", "substance", "pattern"]
    row = ["three", "pattern_answer", "Three in a row", "Three tests in a row.", "opioid", THREE_IN_A_ROW]
    sheet.write_text("\t".join(head) + "\n" + "\t".join(row) + "\n", encoding="utf-8")
    endpoint = sheets.read(Endpoint, sheet)[0]
    texts = {"a": "-o--", "b": "-+--"}
    rows = pattern_endpoints.run(living(*texts), use_patterns(texts), RULES, [endpoint], {"three": [28]})["abstinence"]
    assert rows["abstinent"].tolist() == [True, False]
    sheet.write_text(sheet.read_text(encoding="utf-8").replace("longest_run", "longest run"), encoding="utf-8")
    with pytest.raises(StudyError, match=r"line 2.*column statistic: .* Did you mean 'longest_run'\?"):
        sheets.read(Endpoint, sheet)


def test_times_end_with_the_week_and_are_censored_on_their_own_clock() -> None:
    texts = {"a": "-++++-", "b": "------", "c": "--"}
    rows = found(texts, "pattern_time", "Rs_ctnNinetyFour_2023")["first_use"]
    assert rows[["days", "event"]].to_numpy().tolist() == [[13, True], [20, False], [0, False]]


@pytest.mark.parametrize("days", [1, 7])
def test_tests_before_the_first_interval_begin_no_week_of_any_kind(days: int) -> None:
    """A positive on day -5, which is interval -4 of days and 0 of weeks; then a week of negatives and two positives."""
    tests = [(-5, "positive"), *((day, "negative") for day in range(1, 8)), (10, "positive"), (17, "positive")]
    rules = Use(interval_days=days)
    rows = [{"person_id": "a", "day": day, "result": result} for day, result in tests]
    given = living("a", observed_days=21)
    persons = table("persons", [{"person_id": "a", "death_day": None, "observed_to_day": 21}], sex="unknown")
    none = (TABLES[name].empty() for name in ("followups", "medications"))
    screens = table("screens", rows, substance="opioid")
    view = parts.endpoint("o", "pattern_share", substance="opioid", pattern=KINDS["pattern_share"]).tests
    made = use.run(given, persons, TABLES["stays"].empty(), screens, *none, rules, [view])["use_patterns"]
    assert made["interval"].min() < 1
    asked = {"pattern_time": "statistic = first | counts = positive | at_least = 2"} | KINDS
    endpoints = [parts.endpoint(kind, kind, substance="opioid", pattern=pattern) for kind, pattern in asked.items()]
    tables = pattern_endpoints.run(given, made, rules, endpoints, {kind: [21] for kind in asked})
    assert tables["first_use"][["days", "event"]].to_numpy().tolist() == [[14, True]]
    assert tables["abstinence"]["abstinent"].tolist() == [False]
    assert sorted(tables["amounts"]["known"]) == [1 / 3, 1]


def test_how_many_intervals_a_time_looks_at_by_hand() -> None:
    """Excused weeks, weeks without a test and those from a death on are none of them; a missed one is, left in."""
    texts = {"a": "--oe_-", "b": "-oxxxx", "c": "", "d": "------"}
    given, made = dated(texts, {}, observed_days=41), use_patterns(texts)
    for more, wanted in {"": [4, 2, 0, 6], " | missed = left_out": [3, 1, 0, 6], " | start = 5": [1, 0, 0, 2]}.items():
        pattern = f"statistic = first | counts = positive | at_least = 2 | within = 3{more}"
        endpoint = parts.endpoint("o", "pattern_time", substance="opioid", pattern=pattern)
        assert pattern_endpoints.looked_at(given, made, RULES, endpoint).tolist() == wanted


def test_the_dead_and_those_not_observed_are_told_apart() -> None:
    rows = found({"a": "---x", "b": "---o"}, "pattern_answer", THREE_IN_A_ROW)["abstinence"]
    assert rows["dead"].tolist() == [True, False]
    assert rows["abstinent"].isna().tolist() == [True, False]
    late = found({"a": "----"}, "pattern_answer", THREE_IN_A_ROW, horizon=101)["abstinence"]
    assert late["mature"].tolist() == [False]
    assert late["abstinent"].isna().all()


def test_who_was_never_due_a_test_was_not_asked() -> None:
    """People of a site that does not test, or tests of a substance that is on no record, are no people without it."""
    rows = found({"a": "-+-", "b": "___", "c": "oo", "d": "_x"}, "pattern_answer", THREE_IN_A_ROW, 27)["abstinence"]
    assert rows["mature"].tolist() == [True, False, True, True]
    assert rows["abstinent"].isna().tolist()[1::2] == [True, True]


@pytest.mark.parametrize(
    ("kind", "pattern"),
    [
        *KINDS.items(),
        ("pattern_share", "statistic = share | counts = negative | missed = left_out"),
        # published shares of nothing: 1, 0; and a number
        ("pattern_share", "Rd_petitjean_2001"),
        ("pattern_share", "Rd_wolstein_2009"),
        ("pattern_number", "Rd_zaks_1972"),
    ],
)
def test_who_was_never_due_a_test_is_not_asked_how_much_either(kind: str, pattern: str) -> None:
    """Weeks without a test, or of excused ones alone, are no share of 1 and no run of 0; who missed all was asked."""
    texts = {"never": "____", "excused": "eeee", "missed": "oooo", "tested": "_-__", "dead": "__xx"}
    rows = found(texts, kind, pattern, 27)["abstinence" if kind == "pattern_answer" else "amounts"]
    assert rows["mature"].tolist() == [False, False, True, True, True]
    assert rows["dead"].tolist() == [False] * 4 + [True]
    if kind != "pattern_answer":
        assert rows[READ].notna().any(axis=1).tolist()[:2] == [False, False]
        assert rows["known"].notna().tolist()[3]


@pytest.mark.parametrize(("kind", "pattern"), KINDS.items())
def test_who_died_by_the_day_is_dead_whatever_was_tested_before(kind: str, pattern: str) -> None:
    """Weeks end on days 6, 13, ..., 83. a dies on day 80, after the negative of that week; b on day 88, in a week that
    does not end by day 90; c on day 90; d on the day after; e lives.
    """
    texts, dying = dict.fromkeys("abcde", "-" * 12), {"a": 80, "b": 88, "c": 90, "d": 91}
    dead = {}
    for horizon in (79, 83, 90):
        rows = found(texts, kind, pattern, horizon, dying=dying)[
            "abstinence" if kind == "pattern_answer" else "amounts"
        ]
        dead[horizon] = "".join(rows.loc[rows["dead"], "person_id"])
        assert rows["mature"].all()
        if kind == "pattern_answer":
            assert rows["abstinent"].isna().tolist() == rows["dead"].tolist()
    assert dead == {79: "", 83: "a", 90: "abc"}
    # a study that reads deaths as missed tests knows of none
    rows = found(texts, kind, pattern, 90, dying=dying, rules=Use(begins=0, deaths="missed"))
    assert not rows["abstinence" if kind == "pattern_answer" else "amounts"]["dead"].any()


@pytest.mark.parametrize(
    ("pattern", "best", "largest"),
    [
        ("statistic = count | counts = negative 2", 12, 12),
        ("statistic = count | counts = negative; mixed 0.5", 6, 6),
        ("statistic = count | counts = negative 1.5 | start = 3", 6, 6),
        ("statistic = longest_run | counts = negative | start = -4", 4, 4),
        ("statistic = count | counts = negative | schedule = 2; 4", 2, 2),
    ],
)
def test_the_largest_amount_is_what_the_best_pattern_has(pattern: str, best: float, largest: float) -> None:
    """By its weights, and in its window: bounds and the doubly robust mean stand on it."""
    rows = found({"a": "------", "b": "-o+-*-"}, "pattern_number", pattern, 41)["amounts"]
    assert rows["as_free"].max() == best
    assert rows["largest"].tolist() == [largest, largest]


def test_the_largest_number_of_single_tests_is_one_a_day() -> None:
    """However often the definition says that people are tested: five tests in a week are on record."""
    days = use_patterns({"a": "-----__" + "_" * 7})
    endpoint = parts.endpoint(
        "o", "pattern_number", substance="opioid",
        pattern="statistic = count | counts = negative 2 | unit = test | tests_per_week = 3",
    )  # fmt: skip
    rules = Use(begins=0, interval_days=1)
    rows = pattern_endpoints.run(living("a", observed_days=20), days, rules, [endpoint], {"o": [13]})["amounts"]
    assert rows[["known", "largest"]].to_numpy().tolist() == [[10, 28]]


def test_amounts_are_told_with_missed_tests_as_use_left_out_and_as_negative() -> None:
    """Excused and unscheduled weeks are none of the tests; a mixed one is a test that is not negative; who had no test
    due is not asked.
    """
    texts = {"a": "-o-+", "b": "*e_-", "c": "oooo", "d": "", "e": "-x"}
    share = found(texts, "pattern_share", "statistic = share | counts = negative", 27)["amounts"].set_index("person_id")
    read = share[READ].astype(object).where(share[READ].notna(), None)
    assert read.to_numpy().tolist()[:3] == [[2 / 4, 2 / 3, 3 / 4], [1 / 2, 1 / 2, 1 / 2], [0, None, 1]]
    assert read.loc["e"].tolist() == [1 / 2, 1 / 2, 1 / 2]
    assert share["mature"].tolist() == [True, True, True, False, True]
    assert share["dead"].tolist() == [False] * 4 + [True]
    run = found(texts, "pattern_number", "statistic = longest_run | counts = negative", 27)["amounts"]
    assert run[["as_use", "known", "as_free", "largest"]].to_numpy().tolist()[0] == [1, 2, 3, 4]
    count = found(texts, "pattern_number", "statistic = count | counts = negative", 27)["amounts"]
    assert count[["as_use", "known", "as_free", "largest"]].to_numpy().tolist()[0] == [2, 2, 3, 4]
    left = found(texts, "pattern_share", "statistic = share | counts = negative", 27, deaths="as_missing")["amounts"]
    assert left[READ].to_numpy().tolist()[4] == [1 / 2, 1, 1]


def test_a_definition_that_reads_missed_tests_itself_is_told_once() -> None:
    """An index is taken by its largest value, 120: of 15 weeks without use all of it. Nobody's tests need be taken for
    a definition to have a value.
    """
    texts = {"a": "-o-+" + "-" * 11, "b": "-" * 15, "c": "o" * 15}
    rows = found(texts, "pattern_share", "Rd_fiellin_2006", 104, version="as_published")["amounts"]
    assert rows[READ].to_numpy().tolist() == [[13 / 15] * 3, [1] * 3, [0] * 3]
    index = found(texts, "pattern_share", "Rd_lingA_1976", 104)["amounts"]
    assert index["known"].tolist()[1] == 1
    assert 0 < index["known"].tolist()[0] < 1
    own = "statistic = share | counts = negative | missed = positive"
    assert found(texts, "pattern_share", own, 104)["amounts"][READ].to_numpy().tolist()[2] == [0] * 3


def test_a_published_amount_that_leaves_missed_tests_as_they_are_has_its_published_value() -> None:
    """Missed weeks stand in the denominator of one share, and count as abstinence in the other; of a number they are
    none.
    """
    texts = {"a": "-o*+", "b": "oooo"}
    for name, kind, wanted in (
        ("Rd_fiellin_2006", "pattern_share", [1.5 / 4, 0]),
        ("Rd_strain_1999", "pattern_share", [2.5 / 4, 1]),
        ("Rd_zaks_1972", "pattern_number", [1.5, 0]),
    ):
        rows = found(texts, kind, name, 27)["amounts"]
        assert rows[READ].to_numpy().tolist() == [[value] * 3 for value in wanted]


def test_every_published_amount_is_what_the_library_computes() -> None:
    """Of weekly patterns, whatever was missed: those of single tests ask for patterns of days, and are left out."""
    rng = np.random.default_rng(7)
    texts = {f"p{i}": "".join(rng.choice(list("-+o*"), 43 if i % 2 else 20, p=[0.4, 0.2, 0.3, 0.1])) for i in range(40)}
    frame = pd.DataFrame({"pattern": texts})
    kinds, seen = {"proportion": "pattern_share", "integer": "pattern_number"}, 0
    for version in ("as_published", "as_operationalised"):
        for name, (row, *_) in find([], version, published()).items():
            if row.value not in kinds or row.unit == "test":
                continue
            wanted = iop.endpoints(frame, name, version=version)[name] / (row.scale if row.penalty else 1)
            rows = found(texts, kinds[row.value], name, 301, version=version, observed_days=301)["amounts"]
            for column in READ:
                np.testing.assert_allclose(rows[column].to_numpy(dtype=float), wanted, err_msg=f"{name} {version}")
            seen += 1
    assert seen > 40


def test_a_window_beyond_everyone_is_refused() -> None:
    with pytest.raises(StudyError, match=r"a window to week 15, and nobody is followed that far"):
        said({"a": "-" * 20}, "Ab_krupitskyA_2011")


@pytest.mark.parametrize(
    ("kind", "more", "said"),
    [
        ("pattern_answer", {"pattern": "Ab_kosten_193"}, r"Did you mean 'Ab_kosten_1993'\?"),
        ("pattern_answer", {"pattern": "Rs_ctnNinetyFour_2023"}, "is of the value 'survival', and 'logical' is wanted"),
        (
            "pattern_answer",
            {},
            "`pattern` is for the kinds pattern_answer, pattern_time, pattern_share, pattern_number, ",
        ),
        ("screen", {"pattern": "Ab_kosten_1993"}, "`pattern` is for the kinds"),
        ("screen", {"version": "as_published"}, "`pattern` is for the kinds"),
        ("pattern_time", {"pattern": "statistic = first | counts = positive"}, "needs `at_least`"),
        (
            "pattern_answer",
            {"pattern": "count = negative"},
            r"the column 'count' is not known. Did you mean 'counts'\?",
        ),
    ],
)
def test_a_cell_with_a_mistake_is_refused(kind: str, more: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        parts.endpoint("o", kind, substance="opioid", **more)


def test_without_a_test_of_anyone_nothing_is_known_and_nothing_stops() -> None:
    """The same as of every other kind of endpoint whose table is empty."""
    kinds = {
        "pattern_answer": THREE_IN_A_ROW,
        "pattern_time": "statistic = first | counts = positive | at_least = 1",
        "pattern_share": "statistic = share | counts = negative | end = 20",
    }
    endpoints = [parts.endpoint(k, k, substance="opioid", pattern=pattern) for k, pattern in kinds.items()]
    empty, days = TABLES["use_patterns"].empty(), {k: [28] for k in kinds}
    found = pattern_endpoints.run(living("a", "b"), empty, RULES, endpoints, days)
    for name, frame in found.items():
        check(TABLES[name], frame)
        assert frame["person_id"].tolist() == ["a", "b"]
    assert found["abstinence"][["abstinent", "mature"]].isna().sum().tolist() == [2, 0]
    assert not found["abstinence"]["mature"].any()
    assert found["first_use"]["days"].tolist() == [0, 0]
    assert not found["first_use"]["event"].any()
    assert found["amounts"][READ].isna().all(axis=None)


def test_a_run_is_the_same_run_asked_about_as_yes_or_no_and_as_a_number() -> None:
    texts = {"a": "--e-", "b": "-_--", "c": "-+--"}
    run = found(texts, "pattern_number", "statistic = longest_run | counts = negative", 27)["amounts"]
    assert run["known"].tolist() == [3, 3, 2]
    assert list(said(texts, "statistic = longest_run | counts = negative | at_least = 3", 27).values()) == [
        True, True, False,
    ]  # fmt: skip
    broken = "statistic = longest_run | counts = negative | excused = excused | not_scheduled = not_scheduled"
    run = found(texts, "pattern_number", broken, 27)["amounts"]
    assert run["known"].tolist() == [2, 2, 2]
    assert list(said(texts, f"{broken} | at_least = 3", 27).values()) == [False, False, False]
