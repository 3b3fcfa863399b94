"""Every number of other packages' own tests: held, or named with the convention by which it differs.

The references and their data lie in peers/ of the shared folder; without it these tests are skipped.
"""

from __future__ import annotations

import importlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pytest
from adapter import Files
from ledger import KINDS, Both, Convention, Reference, Suite, conventions, judge

from iop_outcomes.errors import EstimationError

HERE = Path(__file__).parent
SUITES: dict[str, Suite] = {}
for module in sorted(path.stem for path in HERE.glob("of_*.py")):
    suite = importlib.import_module(module).suite
    SUITES[suite.name] = suite
Group = tuple[str, str, str]
GROUPS: list[Group] = [(name, *group) for name, one in SUITES.items() for group in one.functions]


@pytest.fixture(scope="module")
def files(shared: Path) -> Files:
    folder = shared / "peers" / "data"
    if not folder.is_dir():
        pytest.skip("needs peers/ in the shared folder")
    return Files(folder)


@pytest.fixture(scope="module")
def references(files: Files) -> Mapping[Group, list[Reference]]:
    """By suite, data and where they stand, in the file's order."""
    found: dict[Group, list[Reference]] = defaultdict(list)
    for row in json.loads((files.folder.parent / "references.json").read_text()):
        one = Reference(row["suite"], row["data"], row["where"], row["quantity"], row["reference"])
        found[one.suite, one.data, one.where].append(one)
    return dict(found)


@pytest.fixture(scope="module")
def named() -> list[Convention]:
    return conventions()


@pytest.fixture(scope="module")
def verdict(
    files: Files, references: Mapping[Group, list[Reference]], named: list[Convention]
) -> Callable[[Group], dict[str, list[str]]]:
    """Of one group, computed once."""

    @cache
    def found(group: Group) -> dict[str, list[str]]:
        name, data, where = group
        return judge(references[group], SUITES[name].functions[data, where](files), named)

    return found


@pytest.mark.parametrize("group", GROUPS, ids=": ".join)
def test_held_or_named(
    group: Group, verdict: Callable[[Group], dict[str, list[str]]], references: Mapping[Group, list[Reference]]
) -> None:
    assert not verdict(group)["wrong"], "\n".join(verdict(group)["wrong"])
    assert sum(len(ones) for ones in verdict(group).values()) == len(references[group])


def test_no_reference_is_left_out(references: Mapping[Group, list[Reference]]) -> None:
    assert set(GROUPS) == set(references)


def test_every_convention_covers_something(
    references: Mapping[Group, list[Reference]], named: list[Convention]
) -> None:
    every = [reference for rows in references.values() for reference in rows]
    assert [row for row in named if not any(row.covers(one) for one in every)] == []


def tables(project: Path) -> list[list[str]]:
    """Cells of the rows of all tables in docs/agreement.md."""
    lines = (project / "docs" / "agreement.md").read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]


def test_the_docs_tell_every_convention(project: Path) -> None:
    told = {row[0] for row in tables(project)}
    assert {row.topic for row in conventions() if row.kind == "convention"} <= told


def test_the_docs_count_them(project: Path, verdict: Callable[[Group], dict[str, list[str]]]) -> None:
    counts: Counter[tuple[str, str]] = Counter()
    for group in GROUPS:
        for kind, ones in verdict(group).items():
            counts[group[0], kind] += len(ones)
    mine = {name: [str(counts[name, kind]) for kind in ("held", *KINDS)] for name in SUITES}
    told = {row[0]: row[2:7] for row in tables(project) if row[0] in SUITES and len(row) == 7}
    assert told == mine


X = Reference("suite", "data", "where", "x", "0.50")
DIFFERS = Convention("suite", "data", "x", "convention", "other", "topic", "words")


@pytest.mark.parametrize(
    ("value", "row", "verdict"),
    [
        (0.5049, None, "held"),
        (0.5051, None, "wrong"),
        (float("nan"), None, "wrong"),
        (Both(0.6, 0.501), DIFFERS, "convention"),
        (Both(0.6, 0.51), DIFFERS, "wrong"),
        (0.52, DIFFERS._replace(kind="looser", instead="0.05"), "looser"),
        (0.53, DIFFERS._replace(kind="looser", instead="0.05"), "wrong"),
        (None, DIFFERS._replace(kind="absent", instead="absent"), "absent"),
        (EstimationError("No events."), DIFFERS._replace(kind="refused", instead="refused"), "refused"),
        (EstimationError("No events."), DIFFERS, "wrong"),
        (None, DIFFERS, "wrong"),
    ],
)
def test_a_verdict(value: object, row: Convention | None, verdict: str) -> None:
    found = {} if value is None else {"x": value}
    assert {kind for kind, ones in judge([X], found, [row] if row else []).items() if ones} == {verdict}


def test_a_row_that_names_no_difference_is_refused() -> None:
    with pytest.raises(AssertionError, match="all holds"):
        judge([X], {"x": 0.5}, [DIFFERS])


def test_a_number_holds_to_a_millionth_of_itself() -> None:
    assert X._replace(value=2.0).gap(2.0 + 1.9e-6) <= 1 < X._replace(value=2.0).gap(2.0 + 2.1e-6)
    assert X._replace(value="4.17e-05").tolerance == pytest.approx(5e-8)
