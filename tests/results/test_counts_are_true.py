"""Every count that a finished report tells, against the private truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.workflow

KEY = ["analysis", "contrast", "arm", "outcome", "variable", "horizon_days", "group_by", "group", "level", "detail"]


def private(folder: Path, name: str) -> pd.DataFrame:
    files = sorted((folder.parent / "private" / "results").rglob(f"{name}.parquet"))
    return pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)


def keyed(frame: pd.DataFrame) -> pd.DataFrame:
    days = frame["horizon_days"].astype("Float64").fillna(-1).astype(int)
    text = frame[KEY].astype(object).where(frame[KEY].notna(), "").astype(str)
    return text.assign(horizon_days=days, count=frame["count"])


def by_horizon(own: pd.DataFrame, row: pd.Series) -> int:
    """People of an arm who have left by a day by the causes of a level, or who are still there; own: its life table."""
    own = own[own["cause"] != "not_at_risk"]
    gone = own[own["day"] <= row["horizon_days"]]
    if row["level"] == "still_at_risk":
        return int(own["count"].sum() - gone["count"].sum())
    return int(gone.loc[gone["cause"].isin(row["level"].split(" or ")), "count"].sum())


@pytest.mark.parametrize("cohort", ["demo", "uis", "ctn0094", "help"])
def test_every_count_that_is_told_holds_the_truth(release, shared, cohort) -> None:
    given = [f"data={shared / 'data' / cohort}"] if cohort in ("ctn0094", "help") else []
    found = release(cohort, *given)
    counts, tables = keyed(private(found.folder, "counts")), private(found.folder, "life_tables")
    truth = counts.groupby(KEY)["count"].sum().to_dict()
    questions = set(zip(tables["analysis"], tables["contrast"], tables["outcome"], strict=True))
    none = tables.iloc[:0]
    of_arm = dict(tuple(tables.groupby(["analysis", "contrast", "arm", "outcome"])))
    told = found.counts[found.counts["status"] != "suppressed"]
    assert len(told) > 50
    wrong = []
    for (_, row), key in zip(told.iterrows(), keyed(told)[KEY].itertuples(index=False), strict=True):
        of_life = (row["analysis"], row["contrast"], row["outcome"]) in questions and row["group_by"] == "all"
        if of_life:
            people = by_horizon(of_arm.get(tuple(row[["analysis", "contrast", "arm", "outcome"]]), none), row)
        else:
            people = truth.get(tuple(key), 0)
        exact = row["status"] == "ok"
        if not row["count_low"] <= people <= row["count_high"] or (exact and row["count"] != people):
            wrong.append((tuple(key), row["status"]))
    assert not wrong, f"{len(wrong)} of {len(told)} counts, such as {wrong[0]}"
    assert told["status"].isin(["ok", "rounded", "between"]).all()


@pytest.mark.parametrize("analysis", ["leaving_early", "staying", "dying"])
def test_every_point_of_a_crude_curve_is_as_near_the_truth_as_it_says(release, analysis) -> None:
    """No one of the simulated people is censored before the last day of a curve: the truth is a share of them."""
    found = release("demo")
    tables = private(found.folder, "life_tables")
    tables = tables[(tables["analysis"] == analysis) & (tables["cause"] != "not_at_risk")]
    tables = tables[tables["outcome"] == tables["outcome"].iloc[0]]
    curves = found.rows("curves", analysis=analysis, method="crude")
    assert not (tables.loc[tables["cause"] == "censored", "day"] < curves["x"].max()).any()
    assert set(curves["arm"]) == {"iop", "residential"}
    for (arm, name), curve in curves.groupby(["arm", "outcome"]):
        own = tables[(tables["arm"] == arm) & (tables["contrast"] == curve["contrast"].iloc[0])]
        staying = name in ("in_care", "event_free")
        left = own[own["cause"] != "censored"] if staying else own[own["cause"].isin(name.split(" or "))]
        gone = [left.loc[left["day"] <= day, "count"].sum() / own["count"].sum() for day in curve["x"]]
        truth = 1 - np.array(gone) if staying else np.array(gone)
        assert 0 < gone[-1] <= 1
        assert ((curve["estimate"] - truth).abs() <= curve["rounding_error"] + 1e-9).all(), (arm, name)
