"""Figures from the released tables, one module each. The module of a figure is imported when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from iop_outcomes.errors import StudyError
from iop_outcomes.protocol import Compared

if TYPE_CHECKING:
    import pandas as pd

# figures by name, with what each shows. The modules are not named here in full, so that the code of one figure does
# not count as code of the others (iop_outcomes.steps.code reads dotted names in packages)
TITLES = {
    "flow": "From the records to the people compared",
    "balance": "Balance of the covariates before and after weighting",
    "overlap": "Overlap of the propensity scores",
    "staying": "Staying in care: completion as an exit, and as success",
    "leaving": "Ways of leaving the index level of care",
    "places": "Where people are, day by day",
    "events": "Engagement, return to care, overdose and death",
    "hazards": "Ratios of hazards over all days and by period",
    "abstinence": "Difference in abstinence, by method and by reading of missing answers",
    "missing": "Both arms and their difference under every reading of a missing answer",
    "tipping": "The difference by how far missing answers lie from those with the same record",
    "weekly": "Tests week by week, those that were missed as a band of their own",
    "patterns": "Patterns of tests, in groups of people by when they gave the last one",
    "free_of_use": "Free of an event that is known to lie between two days",
    "duration": "Longer against shorter stays: the naive comparison beside fairer ones",
    "strategies": "Had everyone followed a strategy: the naive comparison beside the right one",
    "thresholds": "Had everyone left in one and the same week: what a further week adds",
    "doses": "Had everyone attended so many hours a week, for so many weeks, at either level of care",
    "intensity": "Abstinence by hours of care a week",
    "completeness": "How complete the records are",
    "maturity": "Whose day lies within their observation",
    "agreement": "Levels of care by label and by hours a week",
    "hours": "Hours of care a week, scheduled and delivered",
    "transitions": "Moves between levels of care",
    "for_whom": "The difference within groups of people, beside that drawn to the mean of the groups",
    "specifications": "The difference under every combination of choices that could have been made",
    "unmeasured": "How strong an unmeasured cause would have to be to explain the primary answers away",
    "sites": "The difference at each site, by how precisely it is known",
    "known": "What trials of setting have found, with this cohort beneath",
}


def run(
    counts: pd.DataFrame,
    estimates: pd.DataFrame,
    curves: pd.DataFrame,
    diagnostics: pd.DataFrame,
    names: Sequence[str],
    study: Compared,
    truth: pd.DataFrame | None = None,
) -> dict[str, bytes]:
    """Figures from released tables and the words of the study: '<name>_svg', '<name>_png' and '<name>_csv' of each.

    They are drawn by as many processes as Snakemake gives the job. Raises StudyError.
    """
    from iop_outcomes.figures import processes, style
    from iop_outcomes.presentation import select

    unknown = sorted(set(names) - set(TITLES))
    if unknown:
        raise StudyError(f"There is no figure '{unknown[0]}'. Known: {', '.join(TITLES)}.")
    # the same question under other rules has a table of its own
    tipping, everything = select.tipping(estimates), estimates
    counts, estimates, curves, diagnostics = (
        select.asked_first(t, study) for t in (counts, estimates, curves, diagnostics)
    )
    tables = style.Tables(counts, estimates, curves, diagnostics, truth, tipping, everything)

    def draw(name: str) -> dict[str, bytes]:
        figure = importlib.import_module(f"{__name__}.{name}").draw(tables, study)
        return style.files(figure, name, TITLES[name])

    drawn = processes.each(draw, names)
    return {f"{name}_{kind}": content for name, files in drawn.items() for kind, content in files.items()}
