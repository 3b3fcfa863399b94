"""What the sections of the report are made of: the released tables, the study, known truths, figures.

Tables come with and without what repeats a question under another rule; nothing is computed here but what is chosen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from iop_outcomes.presentation import select
from iop_outcomes.presentation.labels import Labels
from iop_outcomes.protocol import AsRun
from iop_outcomes.report.document import Item, Picture
from iop_outcomes.vocabulary.endpoints import STATES_OF_LIFE

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Sources:
    """What the sections are made of: released tables, the study, known truths, what was told of the files, figures."""

    everything: Mapping[str, pd.DataFrame]
    study: AsRun
    truth: pd.DataFrame | None = None
    notes: Sequence[str] = ()
    pictures: Mapping[str, Picture] | None = None
    signed: Mapping[str, str] | None = None

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables without what repeats a question under another rule."""
        return {name: select.asked_first(table, self.study) for name, table in self.everything.items()}

    @cached_property
    def labels(self) -> Labels:
        """What readers see in place of names."""
        return Labels(self.study)

    @property
    def contrasts(self) -> list[str]:
        """Names of the contrasts as asked for."""
        return list(self.study.contrasts)

    def drawn(self, *names: str) -> tuple[Item, ...]:
        """The figures of these names that were drawn."""
        known = self.pictures or {}
        return tuple(known[n] for n in names if n in known)

    def of_states(self, others: bool) -> pd.DataFrame:
        """Estimates of states that are no use, and that no test tells, or of all else."""
        estimates = self.tables["estimates"]
        states = [o for o in self.labels.endpoints() if self.labels.kind(o) in STATES_OF_LIFE]
        return estimates[estimates["outcome"].isin(states) == others]
