"""One value written two ways: cells, lists, categories and identifiers, whatever a program has made of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_outcomes.errors import StudyError
from iop_outcomes.sources import crosswalk
from iop_outcomes.spelling import categories, forms, lookup
from iop_outcomes.spelling.people import Register


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (" 1", "1"), ("1\u00a0", "1"), ("\u3000１２", "12"), ("Ａ", "A"), ("a\u200bb", "ab"), ("x\u2011y", "x-y"),
        ("a  b", "a b"), ("a\u00a0b", "a b"), ("e\u0301", "é"), ("\u22121", "-1"), ("O\u2019Neil", "O'Neil"),
    ],
)  # fmt: skip
def test_characters_that_look_the_same_are_the_same(cell: str, expected: str) -> None:
    assert forms.tidy(cell) == expected
    assert forms.all_tidy([cell, None, "x"]) == [expected, None, "x"]


# decimal commas, marks that force text in a spreadsheet, digits of other scripts
COMMAS = ["1,0", "1,00", "1,000000"]
MARKED = [*COMMAS, "'1", "'01", '="1"', '="01.0"', '"1"', "'1'", "\u201c1\u201d", "\u0661", "\u0967"]


@pytest.mark.parametrize("cell", ["1", "1.0", "1.", "1.000", "+1", "01", "1.0 ", "１", "1\u00a0", "001.0", *MARKED])
def test_a_listed_code_is_found_however_it_is_written(cell: str) -> None:
    assert lookup.find([cell, "2", None, "x"], {"1": "a", "2": "b"}).codes == ["1", "2", None, None]


@pytest.mark.parametrize(
    ("listed", "cell"),
    [
        ("1", "1.0"), ("1.0", "1"), ("01", "1"), ("1", "01"), ("1000", "1,000"), ("1000", "1 000"), ("1000", "1e3"),
        ("1000", "1.0E+03"), ("0", "-0"), ("0", "-0.0"), ("0906", "906"), ("906", "0906"), ("303.90", "303.9"),
        ("3.1", "3.10"), ("IOP", "iop"), ("H0015", "h0015 "), ("-9", "-9.0"), ("Alcohol", "ALCOHOL"), ("AL", "Ａl"),
        ("1001", "1,001E+03"), ("1001", "1.001,0"), ("2.1", "2,1"), ("2.1", "'2.1"), ("-9", "-9,0"),
        ("Alcohol", '"Alcohol"'),
    ],
)  # fmt: skip
def test_each_pair_is_one_value(listed: str, cell: str) -> None:
    assert lookup.find([cell], {listed: "a"}).codes == [listed]


@pytest.mark.parametrize(
    ("listed", "cell"),
    [
        ("1", "10"), ("1", "-1"), ("1", "1.5"), ("0906", "9060"), ("303.9", "3039"), ("H0015", "H15"), ("1", "1,000"),
        ("1", "1,5"), ("12", "1,2"),
    ],
)  # fmt: skip
def test_other_values_stay_others(listed: str, cell: str) -> None:
    assert lookup.find([cell], {listed: "a"}).codes == [None]


def test_words_that_mean_missing_do_not_keep_an_exponent_from_being_read() -> None:
    assert lookup.find(["9.99E+02", "NA", "30"], {"999": None, "NA": None}).codes == ["999", "NA", None]
    # among words of its own, 1e3 is one of them
    assert lookup.find(["1e3", "b2"], {"1000": "a"}).codes == [None, None]


def test_decimal_commas_beside_others_are_fractions() -> None:
    assert forms.column(["303,0", "303,1"]).fractions
    assert not forms.column(["1,001", "2,0"]).fractions


def test_codes_that_are_listed_both_ways_stay_distinct() -> None:
    codes = {"1": "a", "01": "b", "m": "c", "M": "d", "303.9": "e", "303.90": "f"}
    assert lookup.find(list(codes), codes).codes == list(codes)
    assert lookup.find(["1.0"], codes | {"303.9": "e"}, closed=True).codes == ["1"]
    for cell in ("001", "303.900"):
        with pytest.raises(lookup.Ambiguous):
            lookup.find([cell], codes)
    # of one meaning, they do not conflict
    assert lookup.find(["001"], {"1": "a", "01": "a"}).codes == ["1"]


def test_zeros_may_carry_meaning_where_one_file_holds_both() -> None:
    for cells, listed in ((["01", "1"], "1"), (["0906", "906"], "0906"), (["303.9", "303.90"], "303.90")):
        assert lookup.find(cells, {listed: "a"}, lambda _: False).codes == [listed, listed]
        with pytest.raises(lookup.Ambiguous):
            lookup.find(cells, {listed: "a"})
    # beside other fractions .0 does as well; alone it does not
    with pytest.raises(lookup.Ambiguous):
        lookup.find(["303", "303.0", "303.1"], {"303": "a"})
    assert lookup.find(["1", "1.0"], {"1": "a"}).codes == ["1", "1"]


CODES = st.lists(
    st.one_of(
        st.integers(0, 99).map(str), st.text("ABCDE", min_size=2, max_size=4), st.sampled_from(["H0015", "Left AMA"])
    ),
    min_size=1, max_size=8, unique_by=str.casefold,
)  # fmt: skip
RESPELT = {
    "nothing": lambda c: c,
    "blanks": lambda c: f"\u00a0 {c}\u3000",
    "fraction": lambda c: f"{c}.0" if c.isdigit() else c,
    "lower": str.lower,
    "wide": lambda c: "".join(chr(ord(m) + 0xFEE0) if m.isascii() and m.isalnum() else m for m in c),
    "zeros": lambda c: c.zfill(4) if c.isdigit() else c,
    "doubled": lambda c: c.replace(" ", "  "),
}


@settings(max_examples=60, deadline=None)
@given(CODES, st.sampled_from(sorted(RESPELT)), st.sampled_from(sorted(RESPELT)))
def test_respelling_all_cells_changes_no_code(codes: list[str], one: str, other: str) -> None:
    listed = {c: str(i) for i, c in enumerate(codes)}
    assert lookup.find([RESPELT[one](RESPELT[other](c)) for c in codes], listed).codes == codes


@settings(max_examples=60, deadline=None)
@given(CODES, st.sampled_from(["nothing", "blanks", "fraction", "wide", "doubled"]))
def test_respelling_changes_no_category(codes: list[str], how: str) -> None:
    rows = list(range(1, len(codes) + 1))
    once = categories.canonical(forms.all_tidy(codes), rows, "persons.race")[0]
    again = categories.canonical(forms.all_tidy([RESPELT[how](c) for c in codes]), rows, "persons.race")[0]
    assert once == again


def spelt(*cells: str, rows: list[int] | None = None, together: bool = True, **how: Any) -> list[str | None]:
    counts = rows or [1] * len(cells)
    return categories.canonical(list(cells), counts, "persons.race", together=lambda _: together, **how)[0]


def test_categories_that_are_one_get_the_spelling_of_most_rows() -> None:
    assert spelt("Alcohol", "ALCOHOL", "Opioids", rows=[5, 9, 1]) == ["ALCOHOL", "ALCOHOL", "Opioids"]
    assert spelt("Alcohol", "ALCOHOL", rows=[5, 5]) == ["ALCOHOL", "ALCOHOL"]
    assert spelt("1", "1.0", "2.0", rows=[1, 9, 9]) == ["1", "1", "2"]
    assert spelt("3.0", "3.1") == ["3.0", "3.1"]
    # the mapping's own words stand
    assert spelt("Alcohol", "ALCOHOL", words=["alcohol"]) == ["alcohol", "alcohol"]
    # zeros at the end of a fraction make another code
    assert spelt("303.9", "303.90") == ["303.9", "303.90"]
    assert spelt("0012", "12", rows=[2, 1], together=False) == ["0012", "0012"]
    for both in (("0012", "12"), ("a", "A")):
        with pytest.raises(lookup.Ambiguous):
            spelt(*both)


@pytest.mark.parametrize("cell", ["male", "Male", "MALE ", "male\u00a0"])
def test_values_of_a_canonical_list_are_brought_to_its_spelling(cell: str) -> None:
    assert spelt(forms.tidy(cell), allowed=("male", "female")) == ["male"]
    assert spelt("1.0", "2.10", "0.50", allowed=("1", "2.1", "0.5")) == ["1", "2.1", "0.5"]
    assert spelt("Substance use", "in-person", allowed=("substance_use", "in_person")) == ["substance_use", "in_person"]


def series(*cells: str | None) -> pd.Series:
    return pd.Series(cells, dtype=object)


@pytest.mark.parametrize(
    ("persons", "stays"),
    [
        (["1001", "1002"], ["1001.0", "1002.0"]),
        (["1001.0", "1002.0"], ["1001", "1002"]),
        (["0001", "0012"], ["1", "12"]),
        (["1", "12"], ["0001", "0012"]),
        (["1001", "1002"], ["1,001", "1,002"]),
        (["1001", "1002"], ["1.001E+03", "1.002E+03"]),
        (["100000", "7"], ["1e+05", "7"]),
        (["P1", "P2"], ["p1", "p2"]),
        (["P1", "P2"], ["P1\u200b", "Ｐ2"]),
        (["aB3x", "cD4y"], ["AB3X", "CD4Y"]),
        (["0", "5"], ["-0", "+5"]),
    ],
)
def test_a_person_is_one_over_all_tables(persons: list[str], stays: list[str]) -> None:
    register = Register()
    first = register.spelt("persons", series(*persons)).tolist()
    assert register.spelt("stays", series(*stays, None)).tolist() == [*first, None]
    assert len(set(first)) == len(persons)
    assert not set(persons + stays) & set(" ".join(register.told).split())


def test_identifiers_that_are_written_one_way_stay_as_they_are() -> None:
    register, cells = Register(), series("0012", "aB", "ab", "12.10", "12.1", "x1", None)
    assert register.spelt("persons", cells) is cells
    assert register.told == []


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["01", "1"], "digits, and digits with zeros before them"),
        (["p1", "P1"], "capital and small letters only"),
        (["12", "12.0", "7.5"], "nobody can tell"),
        (["1.23457E+11", "5"], "their last digits are lost"),
    ],
)
def test_identifiers_that_nobody_can_tell_apart_are_refused_and_not_shown(cells: list[str], said: str) -> None:
    with pytest.raises(StudyError) as caught:
        Register().spelt("stays", series(*cells))
    assert said in str(caught.value).replace("digits with zeros before them, and digits", said)
    assert not any(f"'{cell}'" in str(caught.value) for cell in cells)
    assert Register(exact=True).spelt("stays", series(*cells)).tolist() == cells


def test_files_of_one_table_may_write_identifiers_each_in_its_way() -> None:
    cells = series("0012", "0013", "12", "13")
    assert Register().spelt("stays", cells, np.array([0, 0, 1, 1])).tolist() == ["0012", "0013", "0012", "0013"]
    with pytest.raises(StudyError, match="one person or two"):
        Register().spelt("stays", cells, np.array([0, 0, 0, 1]))


def test_a_later_table_with_both_spellings_is_refused_too() -> None:
    register = Register()
    register.spelt("persons", series("01", "2"))
    with pytest.raises(StudyError, match=r"screens\.person_id"):
        register.spelt("screens", series("1", "01"))


@pytest.mark.parametrize(
    ("system", "cell", "code"),
    [
        ("revenue", "906.0", "906"), ("revenue", "0906.0", "0906"), ("revenue", "00906", "906"),
        ("revenue", "1002.0", "1002"), ("procedure", "h0015\u00a0", "H0015"), ("procedure", "90832.0", "90832"),
        ("procedure", "Ｈ0015", "H0015"), ("teds_services", "7.0", "7"), ("teds_services", "07", "7"),
        ("asam3", "3.50", "3.5"), ("asam3", "II.1", "II.1"), ("asam3", "3.7 – WM", "3.7WM"),
        ("asam4", "1.0", "1.0"), ("asam4", "1", "1"),
        ("procedure", "H15", None), ("procedure", "0906", None), ("revenue", "9060", None), ("asam3", "35", None),
    ],
)  # fmt: skip
def test_a_crosswalk_knows_its_codes_however_they_are_written(system: str, cell: str, code: str | None) -> None:
    assert crosswalk.find(system, cell) == code


def test_codes_that_the_crosswalk_calls_ambiguous_say_what_else_they_may_be() -> None:
    from iop_outcomes.tables import reference
    from iop_outcomes.vocabulary.levels import LEVELS

    for row in reference.rows("level_crosswalk.csv"):
        others = row["other_levels"].split()
        assert set(others) <= set(LEVELS) - {row["level_of_care"]}
        assert others or not row["note"].startswith("Ambiguous")
    assert crosswalk.other_levels("procedure")["H2036"] == ("3.1", "3.3", "3.5", "3.7")
