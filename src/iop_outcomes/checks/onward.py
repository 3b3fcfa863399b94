"""Whether further care after leaving can be asked about: who left, who of them went on in time, and who did not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from iop_outcomes.checks.numbers import shown
from iop_outcomes.protocol.starting import in_words
from iop_outcomes.vocabulary.levels import AS_INDEX, BEFORE_INDEX, DETOX

if TYPE_CHECKING:
    import pandas as pd

    from iop_outcomes.protocol import Starting
    from iop_outcomes.release.policy import Policy
    from iop_outcomes.study.loaded import Loaded

INSTEAD = "The report will say so in place of numbers"


def lines(loaded: Loaded, tables: Mapping[str, pd.DataFrame], people: pd.DataFrame, policy: Policy) -> Iterator[str]:
    """A sentence for each question on further care; what cannot be asked is named with what to look at."""
    from iop_outcomes.cohort import onward

    asked = loaded.starting()
    found = onward.run(people, tables["persons"], tables["stays"], asked)["onward"]
    for name, one in asked.items():
        own = found[found["asked"] == name]
        soon = int((own["started_after"] <= one.within_days).fillna(False).sum())
        others = len(own) - soon
        at = f"starting.{name}"
        if own.empty:
            yield (
                f"{at}: nobody left {in_words(one.leaves)} alive, as {' or '.join(one.left_as)}, after "
                f"{one.at_least_days} days or more. {INSTEAD}: look at `leaves` and `left_as`, or at how levels and "
                "ways of leaving are read."
            )
        elif not soon or not others:
            who = "nobody" if not soon else "everybody"
            yield (
                f"{at}: of those who left {in_words(one.leaves)}, {who} started {in_words(one.starts)} care within "
                f"{one.within_days} days, so that there is nothing to compare. {INSTEAD}: look at `starts`, `left_as` "
                f"and `within_days`{_of_detoxification(loaded, one)}."
            )
        else:
            yield (
                f"{at}: of those who left {in_words(one.leaves)}, {shown(soon, policy)} started {in_words(one.starts)} "
                f"care within {one.within_days} days, and {shown(others, policy)} did not."
            )


def _of_detoxification(loaded: Loaded, one: Starting) -> str:
    """Where who had nothing but detoxification is not asked about: that everybody who left it went on by definition."""
    before = loaded.study.care.detoxification == BEFORE_INDEX
    if not (before and DETOX in one.leaves):
        return ""
    return f", or set `care.detoxification: {AS_INDEX}`, as now only people who went on to treatment are asked about"
