"""A seal for every line: an edit is found in its line, and a changed digit with what stood there before."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest

from iop_outcomes.provenance import seals

TEXT = b"level,count\ntwo,20\nother,31.25\n\nlast,4"


def sealed(text: bytes) -> str:
    return "".join(hashlib.sha256(line).hexdigest()[:6] for line in text.split(b"\n"))


def test_a_text_has_a_seal_for_every_line_and_a_picture_none(tmp_path: Path) -> None:
    (tmp_path / "counts.csv").write_bytes(TEXT)
    (tmp_path / "one.png").write_bytes(TEXT)
    assert seals.of(tmp_path / "counts.csv") == sealed(TEXT)
    assert seals.of(tmp_path / "one.png") == ""


def test_nothing_is_told_of_a_text_that_is_as_it_was() -> None:
    assert seals.changed(TEXT.split(b"\n"), sealed(TEXT)) == []


@pytest.mark.parametrize("seed", range(30))
def test_a_changed_digit_is_found_with_what_stood_there(seed: int) -> None:
    rng = random.Random(seed)
    places = [at for at, byte in enumerate(TEXT) if chr(byte).isdigit()]
    at = rng.choice(places)
    digit = rng.choice([d for d in b"0123456789" if d != TEXT[at]])
    edited = TEXT[:at] + bytes([digit]) + TEXT[at + 1 :]
    (found,) = seals.changed(edited.split(b"\n"), sealed(TEXT))
    assert found.number == TEXT[:at].count(b"\n") + 1
    assert found.was == TEXT.split(b"\n")[found.number - 1]
    assert found.now == edited.split(b"\n")[found.number - 1]
    assert found.was[found.at] == TEXT[at]


def test_more_than_a_digit_is_found_without_what_stood_there() -> None:
    edited = TEXT.replace(b"two,20", b"three,20")
    (found,) = seals.changed(edited.split(b"\n"), sealed(TEXT))
    assert (found.number, found.now, found.was) == (2, b"three,20", None)


def test_a_line_more_and_a_line_less_are_found_where_they_are() -> None:
    more = TEXT.replace(b"other", b"new,5\nother")
    assert [(f.number, f.now) for f in seals.changed(more.split(b"\n"), sealed(TEXT))] == [(3, b"new,5")]
    less = TEXT.replace(b"two,20\n", b"")
    assert [(f.number, f.now) for f in seals.changed(less.split(b"\n"), sealed(TEXT))] == [(2, None)]


def test_a_line_too_long_to_try_every_digit_is_found_all_the_same() -> None:
    long = b"7" * (seals.LONGEST + 1)
    (found,) = seals.changed([b"8" + long[1:]], sealed(long))
    assert (found.number, found.was) == (1, None)
