"""What is said of a cell or a key that is wrong: where, what, what was expected; and each sentence ends once."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import parts
import pytest

from iop_outcomes.checks import definition as people
from iop_outcomes.errors import StudyError, ended
from iop_outcomes.protocol import Analysis, Eligibility, Endpoint
from iop_outcomes.sources import mapping
from iop_outcomes.study import loading, sheets

# ends of sentences that stand beside each other, or beside what they end
DOUBLED = re.compile(r"\.\.(?!\.)|[.?!][,;:.]|\?\.|\s\.|Value error")

FIRST = "statistic = first | counts = positive"
COUNT = "statistic = count | counts = negative"
SHARE, INDEX = "statistic = share", "statistic = index | penalty = 1 x 2; 2 x 2"
PATTERNS = [
    ("pattern_answer", f"{COUNT} | at_least = -4", "column at_least: -4 cannot be"),
    ("pattern_answer", f"{COUNT} | at_least = 400 | end = 12", "no more than 12"),
    ("pattern_answer", f"{COUNT} | at_least = 4 | tests_per_week = 3", "`tests_per_week` is for `unit = test`"),
    ("pattern_answer", f"{COUNT} | at_least = 4 | scale = 100", "`scale` is for the statistic 'index'"),
    ("pattern_share", "STATISTIC = share | counts = negative", "Did you mean 'statistic'?"),
    ("pattern_share", "statistic = share | counts = negative 2; mixed 1", "column counts: 2 cannot be"),
    ("pattern_share", "statistic = share | counts = not_due", "'not_due' is what comes after a person's pattern"),
    ("pattern_answer", f"{COUNT} | statistic = share | at_least = 1", "says `statistic` twice"),
    ("pattern_answer", f"{COUNT} | value = survival | at_least = 1", "says `value`, which its row and kind say"),
    ("pattern_answer", "count = negative", "the column 'count' is not known. Did you mean 'counts'?"),
    ("pattern_answer", COUNT, "a yes or no needs `at_least` or `at_most`"),
    ("pattern_answer", "Ab_kosten_193", "Did you mean 'Ab_kosten_1993'?"),
    ("pattern_answer", "Rs_ctnNinetyFour_2023", "is of the value 'survival', and 'logical' is wanted"),
    ("pattern_answer", f"{COUNT} | at_least = many", "'many' is no number. Expected one such as 4, 0.7 or 2/3"),
    ("pattern_time", FIRST, "needs `at_least`: how many make the event"),
    ("pattern_time", f"{FIRST} | at_least = 4 | within = 3", "4 of 3 intervals cannot be. Widen `within`"),
    ("pattern_share", "statistic = share | counts = negativ", "Did you mean 'negative'?"),
    ("pattern_share", "statistic = shares | counts = negative", "Did you mean 'share'?"),
    # what a rule for missing tests would read the wrong way round, and an index that nobody has
    ("pattern_share", f"{SHARE} | counts = positive", "`counts` names 'positive', and the rules for missing tests"),
    ("pattern_share", f"{SHARE} | counts = negative; missed", "`counts` names 'missed'"),
    ("pattern_number", "statistic = longest_run | counts = missed", "Count negatives (`counts = negative`), of which"),
    ("pattern_number", "statistic = count | counts = mixed", "of `counts`, 'negative' does not weigh most"),
    ("pattern_share", f"{SHARE} | counts = negative 0.5; mixed", "of `counts`, 'negative' does not weigh most"),
    ("pattern_share", f"{INDEX} | counts = negative; positive", "`counts` names 'negative'"),
    ("pattern_share", f"{INDEX} | counts = positive; missed 0.2", "Count positives, and mixed ones by no more; or say"),
    ("pattern_share", f"{INDEX} | counts = negative", "it would be defined of nobody. Name positive"),
]


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("pattern_share", {"pattern": f"{SHARE} | counts = negative; mixed 0.5"}),
        ("pattern_share", {"pattern": f"{SHARE} | counts = positive | missed = positive"}),
        ("pattern_share", {"pattern": f"{INDEX} | counts = positive; mixed 0.5"}),
        ("pattern_share", {"pattern": f"{INDEX} | counts = positive; missed 0.2 | missed = missed"}),
        # published amounts of use are what they are
        ("pattern_share", {"pattern": "Rd_soyka_2008", "version": "as_published"}),
        ("pattern_share", {"pattern": "Rd_lingA_1976"}),
        ("pattern_answer", {"pattern": "statistic = count | counts = positive | at_most = 0"}),
        ("weekly_screens", {"counts": "negative, mixed"}),
    ],
)
def test_what_no_rule_reads_backwards_may_be_asked(kind: str, more: dict[str, str]) -> None:
    assert parts.endpoint("own", kind, substance="opioid", **more).kind == kind


@pytest.mark.parametrize("counts", ["positive", "mixed", "negative, positive", "negative, mixed, positive"])
def test_weeks_of_use_are_refused_as_missed_ones_are_read_as_use(tmp_path: Path, counts: str) -> None:
    with pytest.raises(StudyError, match="Name negative, and mixed where such weeks are no use; of weeks that are pos"):
        sheets.read(Endpoint, endpoints(tmp_path, "weekly_screens", substance="opioid", counts=counts))


def endpoints(folder: Path, kind: str, **cells: str) -> Path:
    row = {"outcome": "own", "kind": kind, "label": "Own", "definition": "An endpoint.", **cells}
    path = folder / "endpoints.tsv"
    path.write_text("\t".join(row) + "\n" + "\t".join(row.values()) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(("kind", "pattern", "said"), PATTERNS)
def test_a_definition_that_is_wrong_is_told_with_its_place_in_sentences(tmp_path, kind, pattern, said) -> None:
    path = endpoints(tmp_path, kind, substance="opioid", pattern=pattern)
    with pytest.raises(StudyError) as caught:
        sheets.read(Endpoint, path)
    message = str(caught.value)
    assert message.startswith(f"{path}, line 2")
    assert said in message
    assert message.endswith((".", "?"))
    assert not DOUBLED.search(message.removeprefix(str(path)))


def test_a_misspelt_version_is_told_with_the_nearest(tmp_path) -> None:
    path = endpoints(tmp_path, "pattern_answer", pattern="Ab_kosten_1993", version="as_publishd")
    with pytest.raises(StudyError, match=r"line 2, column version: .* Did you mean 'as_published'\?$"):
        sheets.read(Endpoint, path)


@pytest.mark.parametrize(
    ("shape", "cells"),
    [
        (Endpoint, {"kind": "weekly_screen"}),
        (Endpoint, {"kind": "screen", "tolerance_days": "-1"}),
        (Endpoint, {"kind": "screen", "tolerance_days": "many"}),
        (Endpoint, {"kind": "screen", "run": "4"}),
        (Endpoint, {"kind": "weekly_screens", "counts": "negativ"}),
        (Endpoint, {"kind": "run_of_screens", "run": "4", "counts": "positive, mixed"}),
        (Endpoint, {"kind": "in_care", "clock": "community"}),
        (Endpoint, {"kind": "in_care", "deaths": "left_out"}),
        (Analysis, {}),
        (Eligibility, {"keep": "iss"}),
    ],
)
def test_a_cell_that_is_wrong_is_told_in_sentences(tmp_path, shape, cells) -> None:
    path = endpoints(tmp_path, **{"kind": "screen", **cells})
    if shape is not Endpoint:
        needed = {name: cells.get(name, "zz") for name in shape.model_fields}
        path.write_text("\t".join(needed) + "\n" + "\t".join(needed.values()) + "\n", encoding="utf-8")
    with pytest.raises(StudyError) as caught:
        sheets.read(shape, path)
    assert str(caught.value).endswith((".", "?"))
    assert not DOUBLED.search(str(caught.value).removeprefix(str(path)))


@pytest.mark.parametrize("key", ["care:\n  gap_days: -1", "use:\n  interval_days: 0", "use:\n  begin: 1", "gate: 3"])
def test_a_key_that_is_wrong_is_told_in_sentences(project, tmp_path, monkeypatch, key) -> None:
    shutil.copytree(project / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    config = Path("config/cohorts/demo.yaml")
    config.write_text(config.read_text() + f"\n{key}\n")
    with pytest.raises(StudyError) as caught:
        loading.load(loading.read_yaml(Path("config/config.yaml")), ["config/config.yaml"])
    assert str(caught.value).endswith((".", "?"))
    assert not DOUBLED.search(str(caught.value))


def test_people_and_mappings_that_are_wrong_are_told_in_sentences(tmp_path) -> None:
    path = tmp_path / "people.yaml"
    path.write_text("people:\n  - { name: A, expects: { eligible: true } }\n")
    with pytest.raises(StudyError) as caught:
        people.read(path)
    assert not DOUBLED.search(str(caught.value).removeprefix(str(path)))
    with pytest.raises(StudyError) as caught:
        mapping.read({"kind": "mapping", "path": str(tmp_path), "tables": {"stays": {"columns": {"nonsense": "x"}}}})
    assert not DOUBLED.search(str(caught.value).replace(str(tmp_path), ""))


@pytest.mark.parametrize(
    ("said", "found", "whole"),
    [
        ("it is wrong", "", "it is wrong."),
        ("it is wrong.", "", "it is wrong."),
        ("Value error, is it?", "", "is it?"),
        ("it is wrong", "found 'x'", "it is wrong, found 'x'."),
        ("it is wrong.", "found 'x'", "it is wrong. Found 'x'."),
        ("Did you mean 'y'?", "found 'x'", "Did you mean 'y'? Found 'x'."),
    ],
)
def test_sentences_end_once(said: str, found: str, whole: str) -> None:
    assert ended(said, found) == whole
