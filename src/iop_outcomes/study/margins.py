"""The margins of a study: held against what is asked and against the right side of no difference, then, question by
question, what is judged by them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from iop_outcomes.errors import EstimationError, StudyError
from iop_outcomes.estimators.base.margins import Scale
from iop_outcomes.protocol import Analysis, Contrast, Endpoint, Study
from iop_outcomes.protocol.margins import Judged, Margin
from iop_outcomes.protocol.rows import EXPLORATORY, PRIMARY, Family
from iop_outcomes.study.mistakes import unknown
from iop_outcomes.vocabulary.directions import MORE, better
from iop_outcomes.vocabulary.measures import MEASURES, RATIO
from iop_outcomes.vocabulary.verdicts import needed

FAMILIES: tuple[Family, ...] = (PRIMARY, "secondary", "sensitivity")


def check(study: Study, analyses: Sequence[Analysis], endpoints: Mapping[str, Endpoint]) -> None:
    """Raise StudyError for a margin of what nobody asks, on the wrong side of no difference, or set twice."""
    taken: dict[tuple[object, ...], str] = {}
    for name, margin in study.margins.items():
        at = f"{study.cohorts}/{study.cohort}.yaml, margins.{name}"
        if margin.outcome not in endpoints:
            raise StudyError(unknown(at, "outcome", margin.outcome, list(endpoints), study.endpoints))
        if not _about(margin, study, analyses):
            raise StudyError(
                f"{at}: no row of {study.analyses} that is more than exploratory asks for the {margin.measure} of "
                f"'{margin.outcome}' in a contrast"
                f"{f' at day {margin.horizon_days}' if margin.horizon_days else ''}, so that nothing would be "
                "judged by this margin. Add the row, or take the margin out."
            )
        _check_side(margin, endpoints[margin.outcome], at)
        key = (margin.outcome, margin.measure, margin.scale, margin.horizon_days)
        if key in taken:
            raise StudyError(
                f"{at}: margins.{taken[key]} is of the same outcome, measure and day. One margin decides; write a "
                "stricter one under `strict`."
            )
        taken[key] = name


def _check_side(margin: Margin, endpoint: Endpoint, at: str) -> None:
    """The margin, and the stricter one within it, lie where the first arm does worse."""
    way = direction(margin, endpoint)
    if not way:
        raise StudyError(
            f"{at}: more of '{margin.outcome}' is neither better nor worse by itself. Say which by `better: more` or "
            "`better: fewer`."
        )
    scale = Scale(margin.scale == RATIO, way)
    for key, given in (("margin", margin.margin), ("strict", margin.strict)):
        try:
            found = None if given is None else scale.margin(given)
        except EstimationError:
            null, side = (1.0 if scale.ratio else 0.0), ("below" if way == MORE else "above")
            raise StudyError(
                f"{at}: `{key}` is {given:g}, which lies on the wrong side of no difference. It is the first arm "
                f"{'by' if scale.ratio else 'less'} the second, and {way} is better, so that a first arm that does "
                f"worse lies {side} {null:g}."
            ) from None
        if key == "strict" and found is not None and found >= scale.margin(margin.margin):
            raise StudyError(
                f"{at}: `strict` is {given:g}, and no stricter than the margin {margin.margin:g}. Let it lie nearer to "
                "no difference, or take it out."
            )


def direction(margin: Margin | None, endpoint: Endpoint, measure: str = "") -> str:
    """The better way of what is measured: as the margin says, or as it follows; '' where neither does."""
    asked = measure if margin is None else margin.measure
    return (margin.better if margin else "") or better(endpoint.kind, endpoint.cause, asked)


def _about(margin: Margin, study: Study, analyses: Iterable[Analysis]) -> list[Analysis]:
    return [
        row
        for row in analyses
        if (row.outcome, row.measure) == (margin.outcome, margin.measure)
        and row.contrast in study.contrasts
        and row.family != EXPLORATORY
        and margin.horizon_days in (None, row.horizon_days)
    ]


def judged(
    contrasts: Mapping[str, Contrast],
    margins: Mapping[str, Margin],
    analyses: Sequence[Analysis],
    endpoints: Mapping[str, Endpoint],
) -> list[Judged]:
    """The questions on which a verdict is given, in the order of the sheet: the primary ones of contrasts, and those
    for which a margin is set.

    contrasts: as asked for; their copies under another classifier are judged by no verdict of their own.
    """
    rows: dict[tuple[str, str, str, int, str], list[Analysis]] = {}
    for row in analyses:
        # exhibits show what goes wrong, and answer nothing; specification curves are told of by themselves
        if row.contrast in contrasts and row.family in FAMILIES:
            key = (row.analysis, row.contrast, row.outcome, row.horizon_days, row.measure)
            rows.setdefault(key, []).append(row)
    found = []
    for (_, contrast, outcome, day, measure), asked in rows.items():
        own = [m for m in margins.values() if (m.outcome, m.measure) == (outcome, measure)]
        own = [m for m in own if m.horizon_days in (None, day)]
        primary = any(row.family == PRIMARY for row in asked)
        wanted = [m for m in own if primary or m.horizon_days == day or not _asks(m, rows, contrast)]
        way = direction(None, endpoints[outcome], measure)
        if primary and not wanted and way:
            found.append(_one(asked, endpoints[outcome], MEASURES[measure].main, way, contrasts[contrast]))
        for margin in wanted:
            way = direction(margin, endpoints[outcome])
            one = _one(asked, endpoints[outcome], margin.scale, way, contrasts[contrast])
            found.append(one.model_copy(update={"margin": margin.margin, "strict": margin.strict}))
    return found


def _asks(margin: Margin, rows: Mapping[tuple[str, str, str, int, str], list[Analysis]], contrast: str) -> bool:
    """Some primary question of the contrast is what the margin is of, so that its days are those meant."""
    return any(
        row.family == PRIMARY
        for key, asked in rows.items()
        if (key[1], key[2], key[4]) == (contrast, margin.outcome, margin.measure)
        for row in asked
    )


def _one(asked: Sequence[Analysis], endpoint: Endpoint, of: str, way: str, contrast: Contrast) -> Judged:
    first = asked[0]
    families: set[str] = {row.family for row in asked}
    return Judged(
        **{name: getattr(first, name) for name in ("analysis", "contrast", "outcome", "horizon_days", "measure")},
        of=of,
        better=way,
        randomised=contrast.randomised,
        primary=list(dict.fromkeys(row.method for row in asked if row.family == PRIMARY)),
        asked=list(dict.fromkeys(row.method for row in asked)),
        readings=list(needed(endpoint.kind, bool(endpoint.pattern) and endpoint.reads_missed)),
        family=next(name for name in FAMILIES if name in families),
    )
