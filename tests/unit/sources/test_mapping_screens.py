"""Why a test is missing, from exports: codes, and missing values that Stata and SPSS keep apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from mapped_exports import read, settings

from iop_outcomes import clean
from iop_outcomes.errors import StudyError

STAYS = "PID,FAC,LOC,ADMIT,DISCH,WHY,HOURS\na,F1,IOP,2024-01-01,2024-03-01,1,9\n"
PEOPLE = "PID,AGE,SEX\na,30,M\n"
DAYS = [f"2024-01-0{day}" for day in range(2, 9)]


def mapping(file: str, result: dict[str, Any], reason: dict[str, Any] | None) -> dict[str, Any]:
    columns = {
        "person_id": "PID", "day": "DAY", "substance": {"value": "opioid"}, "result": {"column": "UDS", **result},
    }  # fmt: skip
    if reason is not None:
        columns["reason"] = {"column": "UDS", **reason}
    return {"files": file, "columns": columns}


def stata(frame: pd.DataFrame, path: Path) -> None:
    letters = [v for v in frame["UDS"] if isinstance(v, str)]
    pyreadstat.write_dta(frame, str(path), missing_user_values={"UDS": letters})


def spss(frame: pd.DataFrame, path: Path) -> None:
    numbers = frame.assign(UDS=frame["UDS"].map(lambda v: {"a": 97.0, "b": 98.0, "c": 99.0}.get(v, v)).astype(float))
    pyreadstat.write_sav(numbers, str(path), missing_ranges={"UDS": [{"lo": 97, "hi": 99}]})


RESULT = {"codes": {0: "negative", 1: "positive", None: "missing"}}
UDS = [0.0, 1.0, "a", "b", np.nan, "c", 7.0]


@pytest.mark.parametrize(
    ("name", "write", "codes"),
    [
        ("uds.dta", stata, {".a": "refused", ".b": "laboratory_error"}),
        ("uds.sav", spss, {97: "refused", 98: "laboratory_error"}),
    ],
)
def test_missing_values_kept_apart_are_reasons(
    tmp_path: Path, name: str, write: Callable[[pd.DataFrame, Path], None], codes: dict
) -> None:
    write(pd.DataFrame({"PID": ["a"] * 7, "DAY": DAYS, "UDS": UDS}), tmp_path / name)
    reasons = {"codes": {0: None, 1: None, 7: None, **codes}}
    given = settings(tmp_path, ("tables.screens", mapping(name, RESULT, reasons)), stays=STAYS, people=PEOPLE)
    tables = read(given)
    screens = tables["screens"]
    assert screens["result"].tolist() == ["negative", "positive", *["missing"] * 4, "7"]
    # one that the mapping does not name is an unknown code, and no empty cell
    unnamed = ".c" if name.endswith("dta") else "99"
    assert screens["reason"].tolist() == [None, None, "refused", "laboratory_error", None, unnamed, None]
    # where no column names them they are missing, as every other
    without = settings(tmp_path, ("tables.screens", mapping(name, RESULT, None)), stays=STAYS, people=PEOPLE)
    assert read(without)["screens"]["result"].tolist() == ["negative", "positive", *["missing"] * 4, "7"]
    raw = {f"raw_{n}" if n not in ("quarantine", "arrivals") else n: t for n, t in tables.items()}
    kept = clean.run(**raw, gap_days=14, gap_sensitivity_days=[], max_quarantined_share=1.0)
    assert kept["screens"]["reason"].tolist() == [None, None, "refused", "laboratory_error", None, None]
    aside = kept["quarantine"][["table", "rule", "cell"]].fillna("").to_numpy().tolist()
    assert aside == [["screens", "unknown reason", "reason"], ["screens", "unknown result", ""]]
    fates = kept["intake"][kept["intake"]["table"] == "screens"].set_index("outcome")["rows"].to_dict()
    assert fates == {"kept": 5, "kept: unknown reason": 1, "quarantined: unknown result": 1}


def test_a_reason_that_the_vocabulary_does_not_hold_is_refused_with_its_words(tmp_path: Path) -> None:
    (tmp_path / "uds.csv").write_text("PID,DAY,UDS\na,2024-01-02,0\n", encoding="utf-8")
    wrong = mapping("uds.csv", RESULT, {"codes": {0: "ill"}})
    with pytest.raises(StudyError, match=r"screens\.reason cannot be ill; expected no_show, refused, unable"):
        read(settings(tmp_path, ("tables.screens", wrong), stays=STAYS, people=PEOPLE))
