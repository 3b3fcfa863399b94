"""Modifiers in a study: what is asked within groups, and what is refused by name."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from iop_outcomes.errors import StudyError
from iop_outcomes.study import loading

CONFIG, SHEET, DEMO = (Path("config", n) for n in ("config.yaml", "analyses.tsv", "cohorts/demo.yaml"))
SEX = {"column": "sex", "title": "Sex"}
ROW = "demo\tmore\tabstinence\tiop_vs_residential\tabstinent_28_days\t90\trisk\toverlap\tobserved_only\tsecondary"


@pytest.fixture(autouse=True)
def folder(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(project / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)


def load(modifiers: dict[str, Any], row: str = "") -> loading.Loaded:
    """The demo with further modifiers and a further row."""
    plain = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    DEMO.write_text(yaml.safe_dump({**plain, "modifiers": {**plain["modifiers"], **modifiers}}), encoding="utf-8")
    with SHEET.open("a", encoding="utf-8") as lines:
        lines.write(f"{row}\n")
    return loading.load(loading.read_yaml(CONFIG), [CONFIG])


def test_the_demo_asks_six_at_one_outcome_on_one_day() -> None:
    loaded = load({"sex": SEX}, f"{ROW}\tsex")
    found = loaded.by_group("iop_vs_residential")
    assert {(r.outcome, r.horizon_days, len(r.group_by)) for r in found} == {
        ("abstinent", 180, 6),
        ("abstinent_28_days", 90, 1),
    }
    assert list(loaded.modifiers("iop_vs_residential"))[-1] == "sex"
    # the same question under another classifier, and what is asked of everyone, know of no groups
    assert not loaded.by_group("iop_vs_residential_by_label")
    assert not any(row.group_by for row in loaded.rows("abstinence"))


@pytest.mark.parametrize(
    ("modifiers", "row", "said"),
    [
        ({}, f"{ROW}\tsexx, housing", r"modifier 'sexx' is not known\..*Known, from `modifiers`"),
        ({}, f"{ROW}\thousin", "Did you mean 'housing'"),
        ({"sex": SEX}, "", r"modifiers\.sex: no row of .* names it under `group_by`"),
        (
            {"race": {"column": "race", "title": "Race"}},
            f"{ROW}\trace",
            "'race' is not known.*Groups are of what is adj",
        ),
        ({"years": {"column": "age", "title": "Age"}}, f"{ROW}\tyears", "'age' is a number, of which each value"),
        ({"sex": {**SEX, "thirds": True}}, f"{ROW}\tsex", "'sex' has categories of its own. Leave out `thirds`"),
        ({"all": SEX}, f"{ROW}\tall", "'all' stands for other groups in the results"),
        ({"age": {"column": "age", "title": "A", "cuts": [30, 20]}}, "", "`cuts` rise"),
        ({"age": {"column": "age", "title": "A", "cuts": [30], "thirds": True}}, "", "two ways to group a number"),
        ({"sex": {**SEX, "fewest": 5}}, f"{ROW}\tsex", "fewest"),
        ({}, f"{ROW}\thousing, housing", "'housing' stands twice in the list"),
        (
            {},
            f"{ROW.replace('observed_only', 'imputed')}\thousing",
            "missing_rule 'imputed' is not asked within groups",
        ),
        (
            {},
            "demo\tdays\tretention\tiop_vs_residential\ttime_in_care\t60\tmean_days\toverlap\tnone\tsecondary\thousing",
            "`group_by` is for shares of people on a day",
        ),
    ],
)
def test_what_groups_nobody_is_refused_by_name(modifiers: dict[str, Any], row: str, said: str) -> None:
    with pytest.raises(StudyError, match=said) as caught:
        load(modifiers, row)
    assert "\n" not in str(caught.value)


def test_groups_are_of_two_arms() -> None:
    plain = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    further = [{"name": "partial", "label": "Partial hospitalization", "values": ["2.5"]}]
    plain["contrasts"]["iop_vs_residential"]["further_arms"] = further
    DEMO.write_text(yaml.safe_dump(plain), encoding="utf-8")
    with pytest.raises(StudyError, match="`group_by` compares two arms, and 'iop_vs_residential' has more alongside"):
        load({})


def test_a_cohort_that_shares_questions_is_asked_within_the_groups_that_it_names() -> None:
    loaded = loading.load({**loading.read_yaml(CONFIG), "cohort": "template"}, [CONFIG])
    assert loaded.study.questions == "demo"
    assert not loaded.by_group()
