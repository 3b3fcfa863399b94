"""Intensity: abstinence at a horizon against attended hours a week, among people still in care at the window's end.

Hours are a restricted cubic spline in a logistic model fitted within each arm, adjusted for baseline, standardised over
the arm's own people. Use within the window moves the hours and is moved by them: where it is on record there is nothing
to adjust for that comes before the hours, and the answer is not possible. Curves and contrasts are drawn only
between the 5th and the 95th percentile of the hours that the arm's people attended: beyond lies extrapolation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.abstinence import binary_levels, read_missing, unknown
from iop_outcomes.analyses.sample import clustered
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators import effects, splines
from iop_outcomes.estimators.estimate import Array, Estimate, difference, log_ratio
from iop_outcomes.tables.results import BY_ARM
from iop_outcomes.vocabulary.measures import FEWER_HOURS, MORE_HOURS

if TYPE_CHECKING:
    from iop_outcomes.analyses.dose import Tables

Ask = Mapping[str, Any]
Answer = tuple[list[results.Row], list[results.Row], list[results.Row]]
SUPPORT = (0.05, 0.95)
GRID_POINTS = 41
SIDES = (MORE_HOURS, FEWER_HOURS)
WITHIN_THE_WINDOW = (
    "it would adjust for screens and reported use of the same {days} days whose hours it compares, not for what came "
    "before them"
)


def answer(ask: Ask, tables: Tables, setting: Ask, contrast: Ask, gate: Ask, inference: Ask) -> Answer:
    """Counts, estimates and curves of one row, for each arm of the contrast (the arm is the row's group)."""
    names = contrast["first"]["name"], contrast["second"]["name"]
    window = tables.window(setting["window_days"])
    if window["hours_per_week"].isna().all():
        why = "no attended hours are recorded in this cohort"
        return [], results.without(ask, SIDES, "not_possible", why), []
    levels = binary_levels(tables.abstinence, tables.people, ask)
    if silent := unknown(levels):
        return [], results.without(ask, SIDES, "not_possible", silent), []
    own = tables.arms[tables.arms["contrast"] == setting["contrast"]].set_index("person_id")["arm"]
    arm = tables.people["person_id"].map(own)
    staying = window["in_care_at_end"].to_numpy()
    if tables.use_within(setting["window_days"], staying & arm.notna().to_numpy()):
        why = WITHIN_THE_WINDOW.format(days=setting["window_days"])
        return [], results.without(ask, SIDES, "not_possible", why), []
    counts: list[results.Row] = []
    estimates: list[results.Row] = []
    curves: list[results.Row] = []
    for name, value in zip(names, (1, 0), strict=True):
        members = (arm == value).to_numpy()
        counts += _counts(ask, levels, members, staying, name)
        found, curve = _within(ask, tables, setting, name, levels, members & staying, gate, inference)
        estimates += found
        curves += curve
    return counts, estimates, curves


def _arm(name: str) -> results.Some:
    return results.Some(BY_ARM, name)


def _counts(ask: Ask, levels: Any, members: Any, staying: Any, name: str) -> list[results.Row]:
    """The arm's people: out of care by the window's end, or their level of the outcome; the group is the arm."""
    shown = np.where(staying, levels, "out_of_care")[members]
    return results.count_rows(ask, np.full(members.sum(), name, dtype=object), shown, _arm(name))


def _within(
    ask: Ask, tables: Tables, setting: Ask, name: str, levels: Any, members: Any, gate: Ask, inference: Ask
) -> tuple[list[results.Row], list[results.Row]]:
    """Estimates and curve of one arm."""
    abstinent, used = read_missing(levels, ask["missing_rule"])
    chosen = members & used
    events = int(abstinent[chosen].sum())
    if min(events, int(chosen.sum()) - events) < gate["min_events"]:
        why = f"fewer than {gate['min_events']} people with, or without, the outcome among those still in care"
        return results.without(ask, SIDES, "gated", why, _arm(name)), []
    hours = tables.window(setting["window_days"])["hours_per_week"].to_numpy()[chosen]
    low, high = np.quantile(hours, SUPPORT)
    wanted = setting["compare"].get(name)
    inside = wanted is not None and low <= wanted[0] and wanted[1] <= high
    grid = np.linspace(low, high, GRID_POINTS)
    try:
        points = np.concatenate([grid, wanted]) if inside else grid
        estimate = _standardised(tables, setting, abstinent, hours, chosen, points)
    except EstimationError as wrong:
        return results.without(ask, SIDES, "gated", str(wrong), _arm(name)), []
    estimate = clustered(estimate, tables.people[chosen], inference)
    level = inference["confidence_level"]
    curve = _curve(ask, name, grid, estimate, level)
    if not inside:
        why = "the hours to compare lie outside the 5th to 95th percentile seen in this arm"
        return results.without(ask, SIDES, "not_possible", why, _arm(name)), curve
    return _contrast(ask, name, estimate, level, float(chosen.sum())), curve


def _standardised(tables: Tables, setting: Ask, abstinent: Array, hours: Array, chosen: Any, points: Array) -> Estimate:
    """Mean predicted abstinence of the chosen people at each value of hours."""
    at = splines.knots(hours, setting["knots"])
    other = tables.baseline()[1][chosen]
    other = other[:, np.ptp(other, axis=0) > 0]

    def at_hours(value: Any) -> Array:
        return np.hstack([splines.basis(np.broadcast_to(value, len(hours)), at), other])

    columns = at_hours(hours)
    names = tuple(f"column {j + 1}" for j in range(columns.shape[1]))
    model = effects.fit_outcome("logistic", columns, abstinent[chosen], names)
    return effects.standardised_curve(model, at_hours, points)


def _curve(ask: Ask, name: str, grid: Array, estimate: Estimate, level: float) -> list[results.Row]:
    errors, reach = estimate.standard_error(), estimate.critical(level)
    return [
        results.curve_point(ask, name, ask["outcome"], "hours_per_week", round(float(x), 3), value, error, reach)
        for x, value, error in zip(grid, estimate.value, errors, strict=False)
    ]


def _contrast(ask: Ask, name: str, estimate: Estimate, level: float, people: float) -> list[results.Row]:
    """More against fewer hours: the last two points of the estimate are fewer and more."""
    fewer, more = estimate.names[-2:]
    extra = {"n_effective": people}
    shown = (
        (estimate.take(more), False, False),
        (estimate.take(fewer), False, False),
        (difference(estimate, more, fewer), False, True),
        (log_ratio(estimate, more, fewer), True, True),
    )
    return [
        results.from_estimate(ask, of, e, level, extra, logarithmic=log, tested=tested, some=_arm(name))
        for of, (e, log, tested) in zip(results.rows_of(ask, SIDES), shown, strict=True)
    ]
