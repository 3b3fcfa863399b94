"""Every number of other packages' own tests: held, or named with the convention by which it differs."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest
from adapter import Files
from ledger import Reference, conventions, judge
from of_scikit_survival import suite as scikit_survival

SUITES = {suite.name: suite for suite in (scikit_survival,)}
GROUPS = [(suite.name, data, where) for suite in SUITES.values() for data, where in suite.functions]
Group = tuple[str, str, str]


@pytest.fixture(scope="module")
def files(shared: Path) -> Files:
    folder = shared / "peers" / "data"
    if not folder.is_dir():
        pytest.skip("needs peers/ in the shared folder")
    return Files(folder)


@pytest.fixture(scope="module")
def references(files: Files) -> dict[Group, list[Reference]]:
    found: dict[Group, list[Reference]] = defaultdict(list)
    for row in json.loads((files.folder.parent / "references.json").read_text()):
        found[row["suite"], row["data"], row["where"]].append(
            Reference(row["suite"], row["data"], row["where"], row["quantity"], row["reference"])
        )
    return dict(found)


@pytest.mark.parametrize("group", GROUPS, ids=": ".join)
def test_held_or_named(group: Group, files: Files, references: dict[Group, list[Reference]]) -> None:
    suite, data, where = group
    verdicts = judge(references[group], SUITES[suite].functions[data, where](files), conventions())
    assert not verdicts["wrong"], "\n".join(verdicts["wrong"])


def test_none_is_left_out(references: dict[Group, list[Reference]]) -> None:
    assert set(GROUPS) == set(references)


def test_every_convention_is_met(references: dict[Group, list[Reference]]) -> None:
    every = [reference for rows in references.values() for reference in rows]
    for row in conventions():
        assert any(row.covers(reference) for reference in every), row
