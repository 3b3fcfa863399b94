"""The day that a row of the sheet asks about, held against what its endpoint looks at by then."""

from __future__ import annotations

from iop_outcomes.errors import StudyError
from iop_outcomes.patterns import ranges
from iop_outcomes.protocol import Analysis, Endpoint, Study
from iop_outcomes.vocabulary import methods
from iop_outcomes.vocabulary.endpoints import KINDS, PATTERN_AMOUNTS, PATTERN_ANSWERS
from iop_outcomes.vocabulary.kind import DAYS_PER_WEEK


def check(study: Study, row: Analysis, endpoint: Endpoint, at: str) -> None:
    """Raise StudyError for a day by which the outcome cannot be answered. at: the row, for messages."""
    _after_the_start(study, row, endpoint, at)
    _within_reach(study, row, endpoint, at)


def _after_the_start(study: Study, row: Analysis, endpoint: Endpoint, at: str) -> None:
    """The horizon lies after what the question starts from."""
    duration, intensity = study.durations.get(row.contrast), study.intensities.get(row.contrast)
    starting = study.starting.get(row.contrast)
    weeks = study.weekly.get(row.contrast)
    starts = {
        "the landmark of": duration.days if duration is not None and row.method != methods.NAIVE else 0,
        "the window of": intensity.window_days if intensity is not None else 0,
        "the period of": starting.within_days if starting is not None else 0,
        "the weeks that are decided by": DAYS_PER_WEEK * weeks.decided if weeks is not None else 0,
    }
    for what, day in starts.items():
        if row.horizon_days <= day:
            raise StudyError(
                f"{at}: the horizon, day {row.horizon_days}, is not after {what} '{row.contrast}', which ends on day "
                f"{day}. Ask for a later day."
            )
    if row.horizon_days < endpoint.window_days:
        raise StudyError(
            f"{at}: the outcome '{row.outcome}' looks at the {endpoint.window_days} days before the horizon, day "
            f"{row.horizon_days}, some of which lie before time zero. Ask for a later day, or shorten `window_days`."
        )
    kind = KINDS[endpoint.kind]
    if row.horizon_days < endpoint.tolerance_days + kind.nearest and (kind.nearest or kind.must_fill):
        what = "what was due" if kind.nearest else "tests"
        raise StudyError(
            f"{at}: the outcome '{row.outcome}' takes {what} {endpoint.tolerance_days} days before the horizon, day "
            f"{row.horizon_days}, for an answer, some of which lie before time zero. Ask for a later day, or shorten "
            "`tolerance_days`."
        )
    if endpoint.from_day and row.horizon_days <= endpoint.from_day:
        raise StudyError(
            f"{at}: the outcome '{row.outcome}' counts from day {endpoint.from_day} on, and the horizon is day "
            f"{row.horizon_days}. Ask for a later day."
        )


def _within_reach(study: Study, row: Analysis, endpoint: Endpoint, at: str) -> None:
    """Numbers of an endpoint of use patterns can be by the horizon; windows beyond it are held to the records."""
    if endpoint.kind not in PATTERN_ANSWERS + PATTERN_AMOUNTS:
        return
    days = study.use.interval_days
    weeks = -(-((row.horizon_days - study.use.begins + 1) // days * days) // DAYS_PER_WEEK)
    for defined in endpoint.defined():
        wrong = ranges.wrong(defined, weeks) if abs(defined.start) <= weeks else ""
        if wrong:
            raise StudyError(
                f"{at}: the outcome '{row.outcome}' on day {row.horizon_days} is of {weeks} weeks: {wrong} Or ask on a "
                "later day."
            )
