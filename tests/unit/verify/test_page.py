"""Pieces of a page with their places, and the numbers in them."""

from __future__ import annotations

import pytest

from iop_outcomes.verify import page

PAGE = """<!DOCTYPE html><html lang="en"><head><title>A study of 2</title><style>p { margin: 3px }</style></head><body>
<section id="people"><h2 id="t">Who was studied</h2><p>Of 1\u202f234 people &lt; 80.5\u202f%.</p>
<img alt="Flow of 7" src="data:image/svg+xml;base64,QUJD0123">
<table><caption>At the start</caption><thead><tr><th scope="col">Sex</th><th scope="col">Arm (20)</th></tr></thead>
<tbody><tr><th scope="rowgroup" colspan="2">All</th></tr>
<tr><th scope="row">Male</th><td>12 (60.0\u202f%)</td></tr></tbody></table></section>
<section><h2>Methods</h2><dl><dt>Days</dt><dd>Day 90, to 1e-6</dd></dl></section></body></html>"""


def piece(text: str) -> page.Piece:
    (found,) = [p for p in page.pieces(PAGE) if p.text == text]
    return found


def test_a_cell_is_told_by_section_table_block_row_and_column() -> None:
    place = piece("12 (60.0\u202f%)").place
    assert place == page.Place("Who was studied", "At the start", "All", "Male", "Arm (20)")
    said = "section 'Who was studied', under 'At the start', block 'All', row 'Male', column 'Arm (20)'"
    assert place.text() == said


def test_a_sentence_is_told_by_its_section_and_a_meaning_by_its_term() -> None:
    assert piece("Of 1\u202f234 people < 80.5\u202f%.").place == page.Place("Who was studied")
    assert piece("Day 90, to 1e-6").place == page.Place("Methods", row="Days")


def test_words_of_a_picture_are_pieces_and_styles_are_none() -> None:
    assert piece("Flow of 7").kind == "alt"
    assert piece("data:image/svg+xml;base64,QUJD0123").kind == "picture"
    assert not [p for p in page.pieces(PAGE) if "margin" in p.text]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Of 1\u202f234 people 80.5\u202f%.", ["1\u202f234", "80.5"]),
        ("to 1e-6, p <0.001", ["1e-6", "0.001"]),
        ("\u22125.4 (\u22128.2 to +2.5)", ["5.4", "8.2", "2.5"]),
        ("none", []),
    ],
)
def test_numbers_are_found_as_they_are_printed(text: str, numbers: list[str]) -> None:
    assert [n for n, _, _ in page.marked(text)] == numbers


def test_marks_tell_which_number_is_which_and_leave_no_trace() -> None:
    text = f"Of {page.OPEN}3{page.BETWEEN}1\u202f234{page.CLOSE} on day 90: {page.OPEN}0{page.BETWEEN}7{page.CLOSE}"
    assert page.bare(text) == "Of 1\u202f234 on day 90: 7"
    assert list(page.marked(text)) == [("1\u202f234", 3, 3), ("90", None, 16), ("7", 0, 20)]
    assert all(page.bare(text)[at:].startswith(n) for n, _, at in page.marked(text))
