"""The published endpoints: agreement with CTNote, and with one person at a time."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from one_person import endpoint

from iop_outcomes.patterns.definition import Definition
from iop_outcomes.patterns.evaluate import Found, evaluate
from iop_outcomes.patterns.pattern import Patterns, from_strings, to_strings
from iop_outcomes.patterns.published import find, published
from iop_outcomes.patterns.symbols import SYMBOLS
from iop_outcomes.patterns.words import AS_OPERATIONALISED, AS_PUBLISHED

VERSIONS = {version: find([], version, published()) for version in (AS_PUBLISHED, AS_OPERATIONALISED)}
BY_WEEK = {
    (version, name): rows
    for version, all_rows in VERSIONS.items()
    for name, rows in all_rows.items()
    if all(row.unit == "week" for row in rows)
}
BY_TEST = {name: rows for name, rows in VERSIONS[AS_PUBLISHED].items() if all(row.unit == "test" for row in rows)}


def drawn(symbols: str, weeks: int = 45, people: int = 400, shortest: int = 0, seed: int = 13) -> list[str]:
    """Patterns by chance, of any length, with long stretches alike; among them empty ones and ones of one state."""
    rng = np.random.default_rng(seed)
    stay = rng.uniform(0.2, 0.9, people)
    texts = []
    for n in range(people):
        length = int(rng.integers(shortest, weeks + 1))
        moves = rng.random(length) > stay[n]
        text = ""
        for moved in moves:
            text += str(rng.choice(list(symbols))) if moved or not text else text[-1]
        texts.append(text)
    return [*texts, *("" for _ in range(shortest == 0)), *(s * weeks for s in symbols)]


def columns(found: Found) -> list[np.ndarray]:
    return [found.values] if found.event is None else [found.values, found.event.astype(float)]


def held(patterns: Patterns, asked: dict[str, list[Definition]]) -> None:
    found = evaluate(patterns, asked)
    texts = to_strings(patterns)
    for name, rows in asked.items():
        expected = np.array([endpoint(text, rows, patterns.interval_days) for text in texts]).T
        np.testing.assert_allclose(np.array(columns(found[name])), expected, atol=1e-9, err_msg=name)


@pytest.fixture(scope="module")
def given(shared: Path) -> dict[str, list[str]]:
    with open(shared / "data/ctn0094/published_endpoints.csv", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    return {name: [row[name] for row in rows] for name in rows[0]}


def test_every_column_that_ctnote_gives_agrees_for_everyone(given: dict[str, list[str]]) -> None:
    """38 columns of 3,560 people; a second look at the definitions would not tell 12 weeks from 13."""
    patterns = from_strings(given["who"], given["usePatternUDS"])
    asked = VERSIONS[AS_OPERATIONALISED]
    found = evaluate(patterns, asked)
    outputs = {
        output: values
        for name, rows in asked.items()
        for output, values in zip(rows[0].outputs, columns(found[name]), strict=True)
    }
    compared = [name for name in given if name not in ("who", "usePatternUDS")]
    assert len(compared) == 38
    assert set(compared) <= set(outputs)
    for name in compared:
        expected = [{"TRUE": 1.0, "FALSE": 0.0}.get(cell) for cell in given[name]]
        numbers = [float(cell) if value is None else value for cell, value in zip(given[name], expected, strict=True)]
        wrong = int((~np.isclose(outputs[name], numbers, rtol=0, atol=1e-9)).sum())
        assert (name, wrong) == (name, 0)


def test_every_endpoint_that_is_defined_has_its_row(shared: Path) -> None:
    """53 definitions name 60 columns, two of them the same one; some cells hold white space around the name."""
    with open(shared / "data/ctn0094/endpoint_definitions.csv", encoding="utf-8") as lines:
        cells = [row["Coded column name"] for row in csv.DictReader(lines)]
    defined = {name.strip() for cell in cells for name in cell.split(",")}
    assert (len(cells), len(defined)) == (53, 60)
    for version, known in VERSIONS.items():
        outputs = {output for rows in known.values() for output in rows[0].outputs}
        assert defined - outputs == set(), version
        assert outputs - defined <= {"Ab_ctnNinetyFour_2023", "Rd_lingB_1976"}


@pytest.mark.parametrize("version", [AS_PUBLISHED, AS_OPERATIONALISED])
def test_endpoints_of_weeks_as_one_person_at_a_time(version: str) -> None:
    """The five symbols of the trials, in patterns that are too short for some windows, or empty."""
    asked = {name: rows for (of, name), rows in BY_WEEK.items() if of == version}
    assert len(asked) > 30
    texts = drawn("-+o*_")
    held(from_strings(range(len(texts)), texts), asked)


def test_endpoints_of_weeks_where_people_die_or_are_excused() -> None:
    texts = drawn("-+o*ex")
    held(from_strings(range(len(texts)), texts), {"/".join(key): rows for key, rows in BY_WEEK.items()})


@pytest.mark.parametrize("days", [1, 2])
def test_endpoints_of_tests_as_one_person_at_a_time(days: int) -> None:
    """Tests by the day, and every other day, over 20 weeks; windows are in weeks."""
    texts = drawn("-+o*___", weeks=20 * 7 // days, people=150)
    assert len(BY_TEST) > 15
    held(from_strings(range(len(texts)), texts, interval_days=days), BY_TEST)


def test_the_symbols_are_all_tried() -> None:
    assert set("".join(drawn("-+o*_") + drawn("-+o*ex"))) | {"."} == set(SYMBOLS)
