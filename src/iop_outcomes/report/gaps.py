"""What there is no number for: estimates without one, grouped by their reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iop_outcomes.presentation.labels import Labels, capital, method, within
from iop_outcomes.protocol import AsRun
from iop_outcomes.report.results import heading, of_period
from iop_outcomes.tables.rows import Estimated, estimated
from iop_outcomes.vocabulary.measures import MEASURES
from iop_outcomes.vocabulary.statuses import STATUSES

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Gap:
    """Estimates that do not exist for one reason."""

    status: str
    reason: str
    what: tuple[str, ...]


def gaps(estimates: pd.DataFrame, study: AsRun) -> list[Gap]:
    """Every estimate without a number, grouped by its reason."""
    labels = Labels(study)
    absent = estimates[(estimates["status"] != "ok") | estimates["estimate"].isna()]
    grouped: dict[tuple[str, str], dict[tuple[str, str], list[str]]] = {}
    for row in estimated(absent):
        reason = labels.reason(row["contrast"], row["reason"]) or "no number was released"
        asked = (labels.contrast(row["contrast"]), _in_full(row, labels))
        of = grouped.setdefault((STATUSES[row["status"]].label or "Not available", reason), {})
        names = of.setdefault(asked, [])
        if method(row["method"]) not in names:
            names.append(method(row["method"]))
    return [
        Gap(
            status,
            capital(reason),
            tuple(_asked(title, asked, names) for (title, asked), names in of.items()),
        )
        for (status, reason), of in grouped.items()
    ]


def _in_full(row: Estimated, labels: Labels) -> str:
    """The question of a row, which ratio it asks for, and of which days where these are not all."""
    measure = MEASURES[row["measure"]]
    ratio = within(measure.called) if measure.ratio else ""
    return ", ".join(part for part in (heading(row, labels), ratio, of_period(row)) if part)


def _asked(title: str, asked: str, names: Sequence[str]) -> str:
    return f"{title}. {asked} ({', '.join(within(n) for n in names)})"
