"""What people report of their use, held against tests of the same days: people of each arm by both.

Only who told, and has a test that tells, is counted. Where that is no one there are no rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.analyses import rows as results
from iop_outcomes.cohort.retention import in_order
from iop_outcomes.protocol import Analysis
from iop_outcomes.tables.results import BY_TEST, REPORT_BY_TEST
from iop_outcomes.vocabulary.answers import ABSTINENT, USING

if TYPE_CHECKING:
    import pandas as pd

    from iop_outcomes.analyses.rows import Row
    from iop_outcomes.analyses.sample import Sample

SOURCES = ("reported", "tested")


def counts(ask: Analysis, sample: Sample, abstinence: pd.DataFrame) -> Iterator[Row]:
    """The cells of an outcome on a day. abstinence: with reported and tested, where the cohort holds them."""
    if not set(SOURCES) <= set(abstinence):
        return
    asked = (abstinence["outcome"] == ask.outcome) & (abstinence["horizon_days"] == ask.horizon_days)
    own = in_order(abstinence[asked], sample.scores["person_id"])
    both = (own["reported"].notna() & own["tested"].notna()).to_numpy()
    if not both.any():
        return
    report, test = (np.where(own[n].fillna(False).to_numpy(dtype=bool), ABSTINENT, USING) for n in SOURCES)
    keys = {k: getattr(ask, k) for k in ("analysis", "cohort", "contrast", "outcome", "horizon_days")}
    for value, arm in zip((1, 0), sample.names, strict=True):
        for tested in (ABSTINENT, USING):
            for reported in (ABSTINENT, USING):
                people = both & (sample.arm == value) & (test == tested) & (report == reported)
                more = {"arm": arm, "variable": REPORT_BY_TEST, "group_by": BY_TEST, "group": tested}
                yield results.cell(keys, reported, int(people.sum()), **more)
