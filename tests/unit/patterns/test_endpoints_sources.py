"""Where the endpoints come from: every one has its source, and every difference between the versions is told."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from endpoints_page import page

from iop_outcomes.patterns.definition import Definition
from iop_outcomes.patterns.published import find, published
from iop_outcomes.patterns.words import AS_OPERATIONALISED, AS_PUBLISHED
from iop_outcomes.tables import reference

SOURCES = {row["name"]: row for row in reference.rows("endpoints_sources.csv")}


def plain(rows: list[Definition]) -> list[Definition]:
    return [dataclasses.replace(row, version="") for row in rows]


def test_every_endpoint_has_its_source() -> None:
    assert set(SOURCES) == set(find([], AS_OPERATIONALISED, published()))
    assert set(SOURCES) - set(find([], AS_PUBLISHED, published())) == {"Rd_lingB_1976"}
    assert all(row["doi"].startswith("https://") and row["definition"] for row in SOURCES.values())


def test_a_departure_is_told_where_the_versions_differ_and_only_there() -> None:
    both = find([], AS_PUBLISHED, published()), find([], AS_OPERATIONALISED, published())
    differ = {name for name in SOURCES if plain(both[0].get(name, [])) != plain(both[1][name])}
    assert differ == {name for name, row in SOURCES.items() if row["departure"]}
    assert len(differ) > 40


def test_the_page_shows_the_tables(project: Path) -> None:
    shown = (project / "docs/endpoints.md").read_text(encoding="utf-8")
    assert page(shown) == shown, "run tests/unit/patterns/endpoints_page.py docs/endpoints.md"
