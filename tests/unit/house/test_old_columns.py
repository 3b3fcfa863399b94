# ruff: noqa: E501
"""The comparison of an old release with a new one: every kind of packed name, and what it must find."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from results_rows import made

from iop_outcomes.files import csv_text

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
import old_columns

OLD_COLUMNS = {
    "counts": "analysis,cohort,contrast,arm,outcome,horizon_days,subgroup,level,count,status",
    "estimates": "analysis,cohort,contrast,outcome,horizon_days,estimand,measure,method,missing_rule,subgroup,estimate,"
    "std_error,conf_low,conf_high,p_value,n,events,n_effective,status,reason",
    "curves": "analysis,cohort,contrast,arm,outcome,method,axis,x,estimate,std_error,conf_low,conf_high,n_risk,n_effective",
    "diagnostics": "analysis,cohort,contrast,method,quantity,variable,value,threshold,status",
}
OLD = {
    "counts": [
        "design,k,c,iop,covariate:sex,,all,female,40,ok",
        "cohort,k,all,all,rows of stays,,all,quarantined: unknown result,12,ok",
        "cohort,k,all,all,codes of stays.reason,,all,\"not listed, taken for other: PROB\",40,ok",
        "cohort,k,all,all,codes never found in stays.reason,,all,9,0,ok",
        "cohort,k,all,all,attrition,,all,02 Too young,12,ok",
        "records,k,all,all,completeness: age,,site: S01,known,40,ok",
        "records,k,all,2.1,\"agreement: label, asam\",,all,1,40,ok",
        "records,k,all,2.1,hours: delivered of scheduled,,all,all or more,40,ok",
        "records,k,all,2.1,transition 2,,all,completed,,suppressed",
        "records,k,all,all,episodes,,gap: 14,1,40,ok",
        "hours,k,hours,iop,abstinent,180,iop,using,40,ok",
    ],
    "estimates": [
        "a,k,c,o,90,ATO,risk_iop,overlap,none,all,0.25,,,,,40,11,,ok,",
        "a,k,c,o,90,ATO,mean_days_difference,overlap,none,all,-1.5,,,,,80,,,ok,",
        "a,k,c,o,90,ATO,hazard_ratio,overlap,none,days: 1 to 30,1.5,,,,,,,,ok,",
        "a,k,c,o,90,landmark,hazard_ratio,landmark,none,event_free_day_60,,,,,,,,,gated,too few",
        "a,k,h,o,90,landmark,risk_more_hours,spline,observed_only,iop,0.5,,,,,,,,ok,",
    ],
    "curves": ["a,k,h,iop,o (observed_only),spline,hours_per_week,9.5,0.5,,,,,", "a,k,c,iop,died,crude,days,7,0.1,,,,40,"],
    "diagnostics": [
        "a,k,c,overlap,detectable_difference,o:90:none,0.07,,info",
        "design,k,c,overlap,standardised_difference,sex=female,0.07,0.1,ok",
        "design,k,c,overlap,effective_sample_size,iop,55,,info",
        "design,k,c,unweighted,mean_iop,age,41.5,,info",
        "records,k,all,release,known_share_from,age | site: S01,0.75,,info",
        "twice,k,c,all,two_agree,\"Cox, lifelines\",4,,info",
        "a,k,c,release,difference_risk,\"o: b, d\",2,0,info",
    ],
}  # fmt: skip
COUNT = {"cohort": "k", "arm": "all", "count": 40, "status": "ok"}
CARE = {**COUNT, "analysis": "records", "contrast": "all"}
ROW = {"analysis": "a", "cohort": "k", "contrast": "c", "outcome": "o", "horizon_days": 90, "status": "ok"}
TOLD = {"cohort": "k", "contrast": "c", "status": "info"}
NEW = {
    "counts": [
        {**COUNT, "analysis": "design", "contrast": "c", "arm": "iop", "outcome": "covariate", "variable": "sex", "level": "female"},
        {**COUNT, "analysis": "cohort", "contrast": "all", "outcome": "rows", "group_by": "table", "group": "stays", "level": "quarantined", "detail": "unknown result", "count": 12},
        {**COUNT, "analysis": "cohort", "contrast": "all", "outcome": "codes", "variable": "reason", "group_by": "table", "group": "stays", "level": "not listed, taken for other", "detail": "PROB"},
        {**COUNT, "analysis": "cohort", "contrast": "all", "outcome": "codes_never_found", "variable": "reason", "group_by": "table", "group": "stays", "level": "never found", "detail": "9", "count": 0},
        {**COUNT, "analysis": "cohort", "contrast": "all", "outcome": "attrition", "level": "Too young", "position": 2, "count": 12},
        {**CARE, "outcome": "completeness", "variable": "age", "group_by": "site", "group": "S01", "level": "known"},
        {**CARE, "outcome": "agreement", "variable": "asam", "group_by": "label", "group": "2.1", "level": "1"},
        {**CARE, "outcome": "hours", "variable": "delivered_of_scheduled", "group_by": "level_of_care", "group": "2.1", "level": "all or more"},
        {**CARE, "outcome": "transition", "variable": "2", "group_by": "from", "group": "2.1", "level": "completed", "count": None, "status": "suppressed"},
        {**CARE, "outcome": "episodes", "group_by": "gap_days", "group": "14", "level": "1"},
        {**COUNT, "analysis": "hours", "contrast": "hours", "arm": "iop", "outcome": "abstinent", "horizon_days": 180, "group_by": "arm", "group": "iop", "level": "using"},
    ],
    "estimates": [
        {**ROW, "estimand": "ATO", "measure": "risk", "of": "iop", "method": "overlap", "estimate": 0.25, "n": 40, "events": 11},
        {**ROW, "estimand": "ATO", "measure": "mean_days", "of": "difference", "method": "overlap", "estimate": -1.5, "n": 80},
        {**ROW, "estimand": "ATO", "measure": "hazard_ratio", "of": "ratio", "method": "overlap", "from_day": 0, "to_day": 30, "estimate": 1.5},
        {**ROW, "estimand": "landmark", "measure": "hazard_ratio", "of": "ratio", "method": "landmark", "group_by": "event_free_day", "group": "60", "status": "gated", "reason": "too few"},
        {**ROW, "contrast": "h", "estimand": "landmark", "measure": "dose_response", "of": "more_hours", "method": "spline", "missing_rule": "observed_only", "group_by": "arm", "group": "iop", "estimate": 0.5},
    ],
    "curves": [
        {"analysis": "a", "cohort": "k", "contrast": "h", "arm": "iop", "outcome": "o", "horizon_days": 90, "method": "spline", "missing_rule": "observed_only", "axis": "hours_per_week", "x": 9.5, "estimate": 0.5},
        {"analysis": "a", "cohort": "k", "contrast": "c", "arm": "iop", "outcome": "died", "method": "crude", "axis": "days", "x": 7, "estimate": 0.1, "n_risk": 40},
    ],
    "diagnostics": [
        {**TOLD, "analysis": "a", "outcome": "o", "horizon_days": 90, "method": "overlap", "quantity": "detectable_difference", "value": 0.07},
        {**TOLD, "analysis": "design", "method": "overlap", "quantity": "standardised_difference", "variable": "sex", "level": "female", "value": 0.07, "threshold": 0.1, "status": "ok"},
        {**TOLD, "analysis": "design", "arm": "iop", "method": "overlap", "quantity": "effective_sample_size", "value": 55},
        {**TOLD, "analysis": "design", "arm": "iop", "method": "unweighted", "quantity": "mean", "variable": "age", "value": 41.5},
        {**TOLD, "analysis": "records", "contrast": "all", "outcome": "completeness", "method": "release", "quantity": "known_share_from", "variable": "age", "group_by": "site", "group": "S01", "value": 0.75},
        {**TOLD, "analysis": "twice", "method": "all", "quantity": "two_agree", "variable": "Cox, lifelines", "value": 4},
        {**TOLD, "analysis": "a", "outcome": "o", "method": "release", "quantity": "difference_risk", "group_by": "b", "group": "d", "value": 2, "threshold": 0},
    ],
}  # fmt: skip


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder in (old / "figures", new / "figures"):
        folder.mkdir(parents=True)
    for name, rows in OLD.items():
        (old / f"{name}.csv").write_text("\n".join([OLD_COLUMNS[name], *rows]) + "\n", encoding="utf-8")
        csv_text.write(made(name, NEW[name]), new / f"{name}.csv")
    (old / "figures" / "balance.csv").write_text("contrast,variable,value\nc,sex=female,0.1\n", encoding="utf-8")
    (new / "figures" / "balance.csv").write_text("contrast,variable,level,value\nc,sex,female,0.1\n", encoding="utf-8")
    return old, new


def test_the_same_numbers_under_either_name_are_the_same(folders: tuple[Path, Path]) -> None:
    found, rows = old_columns.compare(*folders)
    assert found == []
    assert rows == {"counts": 11, "estimates": 5, "curves": 2, "diagnostics": 7, "figures/balance": 1}
    assert old_columns.main([str(folder) for folder in folders]) == 0


@pytest.mark.parametrize(
    ("file", "was", "now", "told"),
    [
        ("counts.csv", ",female,,,40,ok", ",female,,,41,ok", "count '40', then '41'"),
        ("estimates.csv", "gated,too few", "gated,too many", "reason 'too few', then 'too many'"),
        ("estimates.csv", ",1.5,", ",1.50001,", "estimate '1.5', then '1.50001'"),
        ("diagnostics.csv", ",info", ",ok", "status 'info', then 'ok'"),
        ("curves.csv", ",died,", ",completed,", "not in the new one"),
        ("figures/balance.csv", "0.1", "0.2", "value '0.1', then '0.2'"),
    ],
)
def test_another_number_status_or_reason_is_told(
    folders: tuple[Path, Path], file: str, was: str, now: str, told: str
) -> None:
    path = folders[1] / file
    text = path.read_text(encoding="utf-8")
    assert was in text
    path.write_text(text.replace(was, now), encoding="utf-8")
    found, _ = old_columns.compare(*folders)
    assert told in " ".join(found)
    assert old_columns.main([str(folder) for folder in folders]) == 1


def test_a_row_too_many_is_told(folders: tuple[Path, Path]) -> None:
    path = folders[1] / "figures" / "balance.csv"
    path.write_text(path.read_text(encoding="utf-8") + "c,sex,male,0.3\n", encoding="utf-8")
    assert old_columns.compare(*folders)[0] == ["figures/balance: 1 rows, then 2"]
