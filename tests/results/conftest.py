"""What a finished run has released, as tests read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

# how rows are grouped that ask a question of the sheet once more
ASKED_AGAIN = ("of_site", "over_sites", "without_covariate")
# what tells one analysis from another
KEYS = ("analysis", "contrast", "outcome", "horizon_days", "measure", "method", "missing_rule")


@dataclass(frozen=True)
class Release:
    """The folder `release` of a finished run."""

    folder: Path

    def table(self, name: str) -> pd.DataFrame:
        whole = {"n": "Int64", "events": "Int64", "count": "Int64", "n_risk": "Int64"}
        return pd.read_csv(self.folder / f"{name}.csv", dtype=whole, keep_default_na=False, na_values=[""])

    @cached_property
    def counts(self) -> pd.DataFrame:
        return self.table("counts")

    @cached_property
    def everything(self) -> pd.DataFrame:
        """All estimates, those of specification curves among them."""
        return self.table("estimates")

    @cached_property
    def estimates(self) -> pd.DataFrame:
        """The estimates that the sheet asks for."""
        return self.of_the_sheet(self.everything)

    @cached_property
    def asked(self) -> list[dict[str, Any]]:
        """The analyses of the study, those of specification curves among them."""
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        return yaml.load((self.folder / "study.yaml").read_text("utf-8"), Loader=loader)["analyses"]

    def of_the_sheet(self, estimates: pd.DataFrame) -> pd.DataFrame:
        """Without the rows that specification curves alone ask for, and those that ask again site by site or with a
        covariate left out.
        """
        estimates = estimates[~estimates["group_by"].isin(ASKED_AGAIN)]
        curves = {tuple(row[k] for k in KEYS) for row in self.asked if row["family"] == "specification"}
        rows = zip(*(estimates[k].tolist() for k in KEYS), strict=True)
        return estimates[[row not in curves for row in rows]]

    @cached_property
    def curves(self) -> pd.DataFrame:
        return self.table("curves")

    @cached_property
    def report(self) -> Path:
        return self.folder / "report.html"

    def rows(self, name: str, **keys: Any) -> pd.DataFrame:
        """The rows of counts, estimates or curves with these keys."""
        return where(getattr(self, name), **keys)

    def estimate(self, **keys: Any) -> pd.Series:
        """The one row of the estimates with these keys."""
        rows = self.rows("estimates", **keys)
        assert len(rows) == 1, f"{len(rows)} rows with {keys}"
        return rows.iloc[0]

    def cells(self, **keys: Any) -> dict[str, Any]:
        """The counts with these keys by level, and by its detail where there is one."""
        rows = self.rows("counts", **keys)
        assert len(rows), keys
        names = rows["level"].where(rows["detail"].isna(), rows["level"] + ": " + rows["detail"].fillna(""))
        assert not names.duplicated().any(), keys
        return dict(zip(names, rows["count"], strict=True))

    def flow(self) -> tuple[int, int]:
        """People excluded by all rules together, and people eligible."""
        steps = where(self.counts, analysis="cohort", outcome="attrition").sort_values("position")
        assert steps["level"].iloc[-1] == "Eligible"
        return int(steps["count"].iloc[:-1].sum()), int(steps["count"].iloc[-1])


def where(table: pd.DataFrame, **keys: Any) -> pd.DataFrame:
    """The rows of a table with these values."""
    for column, value in keys.items():
        table = table[table[column] == value]
    return table


@pytest.fixture(scope="session")
def release(finished_run) -> Callable[..., Release]:
    """The release of a cohort; further arguments go to --config."""
    return lambda cohort, *config: Release(finished_run(cohort, *config) / "results" / cohort / "release")
