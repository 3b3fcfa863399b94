"""How the numbers were checked, and where the report comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import iop_outcomes
from iop_outcomes.presentation import numbers
from iop_outcomes.protocol import AsRun
from iop_outcomes.report.document import Point
from iop_outcomes.tables.results import COMPUTED_TWICE, TWO_AGREE
from iop_outcomes.vocabulary.second_opinion import MOST, SAMPLED

if TYPE_CHECKING:
    import pandas as pd


def computed_twice(diagnostics: pd.DataFrame, people: float = 0) -> Point | None:
    """How many headline numbers two implementations agree on, as a caution where they do not; None without any.

    people: in the largest comparison.
    """
    value = diagnostics.groupby("quantity")["value"].sum()
    made, agree = (int(value.get(quantity, 0)) for quantity in (COMPUTED_TWICE, TWO_AGREE))
    if not made:
        return None
    said = f"Computed twice, by two implementations: {numbers.count(agree)} of {numbers.count(made)} agree to 1e-6"
    sample = f"on {numbers.count(SAMPLED)} of them, drawn by a seed"
    said += f"; where more than {numbers.count(MOST)} people are compared, {sample}." if people > MOST else "."
    if agree == made:
        return Point(said)
    return Point(f"{said} What they do not agree on is marked as disputed and must not be relied on.", "caution")


def provenance(study: AsRun, signed: Mapping[str, str] | None = None) -> list[tuple[str, str]]:
    """Where the report comes from; nothing in it depends on the day or the machine. signed: who looked at the tables
    before, and when.
    """
    source = study.source
    simulated = source.kind == "synthetic"
    rows = [
        ("Made by", f"iop-outcomes {iop_outcomes.__version__}"),
        ("Cohort", study.cohort),
        ("Source", source.citation or ("Simulated people" if simulated else "Records of the user")),
    ]
    if simulated:
        rows.append(
            (
                "Simulation",
                f"{numbers.count(source.people)} people at {numbers.count(source.sites)} sites, scenario "
                f"{source.scenario}, seed {source.seed}",
            )
        )
    return [
        *rows,
        ("Disclosure policy", study.disclosure.policy),
        *([("Everyone may see the records", study.disclosure.public)] if study.disclosure.public else []),
        *([("Signed off", f"{signed['who']}, {signed['when']}")] if signed else []),
        ("Study as it was run", "study.yaml, beside this report"),
        (
            "Columns of the released tables",
            "dictionary.csv, beside this report: what each means, its unit and values, and the fewest people in a cell",
        ),
        (
            "Fingerprints",
            "manifest.json, beside this report, holds the SHA-256 of every released file and of its inputs",
        ),
    ]
