"""Is the first arm no worse? One verdict for each question, from released estimates and the margins of the study.

In order: the released rows of a question by an adjusted method (or by any, where chance assigned the arms) are held
against each margin, reading by reading of missing answers; limits count as wide as protection may have left them; then
the readings that a verdict of no worse needs are taken together: it holds only under all of them. Of several methods
the preferred one of the primary family leads. Nothing is read here but what has been released, so that nothing more is
told of anyone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.estimators.base import margins
from iop_outcomes.estimators.base.margins import INNER, Limits, Scale
from iop_outcomes.estimators.two_by_two.equivalence import proportions
from iop_outcomes.estimators.two_by_two.proportions import newcombe
from iop_outcomes.protocol import Judged
from iop_outcomes.tables.results import ALL
from iop_outcomes.tables.rows import Estimated, estimated
from iop_outcomes.vocabulary.answers import MISSING_RULES
from iop_outcomes.vocabulary.measures import DIFFERENCE, RATIO, RISK
from iop_outcomes.vocabulary.methods import CRUDE, METHODS, PREFERRED, UNADJUSTED
from iop_outcomes.vocabulary.statuses import OK
from iop_outcomes.vocabulary.verdicts import (
    EARLIER,
    NO_MARGIN,
    NOT_ANSWERABLE,
    STATED,
    STRICT,
    TOGETHER,
    VERDICTS,
)

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, object]
QUESTION = ("analysis", "contrast", "outcome", "horizon_days", "measure")
# what tells a margin apart from those of other outcomes
OF_MARGIN = ("contrast", "outcome", "horizon_days", "measure", "of")
PLAIN = ("from_day", "to_day", "delta_first", "delta_second", "hours_per_week", "weeks_of_care")
NAN = float("nan")
NOTHING: Row = dict.fromkeys(
    (
        "estimate", "conf_low", "conf_high", "inner_low", "inner_high", "p_no_worse", "p_equivalent", "flips_at",
        "detectable", "needed", "rounding_error",
    ),
    NAN,
) | {"n": None}  # fmt: skip
NO_MARGIN_SET = "no margin was set for it"
NOT_COMPARABLE = "the arms were not assigned by chance, and no adjusted estimate was asked for"


@dataclass(frozen=True)
class Held:
    """One estimate as it is held against a margin. told: its turned limits, None where there are none; turned: the same
    as wide as protection may have left them.
    """

    row: Row
    told: Limits | None = None
    turned: Limits | None = None


def made(
    estimates: pd.DataFrame, asked: Sequence[Judged], level: float, earlier: Mapping[tuple[object, ...], float]
) -> pd.DataFrame:
    """The table of verdicts.

    estimates: as released. asked: the questions that are judged. level: of the released intervals. earlier: margins of
    an earlier release, by OF_MARGIN, where they were others.
    """
    import pandas as pd

    from iop_outcomes.tables import TABLES, check

    # of everyone, and of no period, dose or shift of missing answers
    plain = estimates[(estimates["group_by"] == ALL) & estimates[list(PLAIN)].isna().all(axis=1)]
    whole = estimated(plain)
    by_question = [(one, _own(whole, one)) for one in asked]
    rows = [row for one, own in by_question if own for row in _of_question(one, own, level, earlier)]
    table = TABLES["verdicts"]
    frame = table.cast(pd.DataFrame(rows, columns=list(table.columns)))
    return check(table, frame, where="release")


def changed(tables: Sequence[pd.DataFrame], asked: Sequence[Judged]) -> dict[tuple[object, ...], float]:
    """Margins of earlier releases that are others now, by OF_MARGIN. tables: their tables of verdicts, latest last."""
    now = {tuple(getattr(one, name) for name in OF_MARGIN): one.margin for one in asked}
    before: dict[tuple[object, ...], float] = {}
    for table in tables:
        own = table[(table["by"] == STATED) & table["margin"].notna()]
        before |= dict(zip(own[list(OF_MARGIN)].itertuples(index=False, name=None), own["margin"], strict=True))
    return {key: margin for key, margin in before.items() if key in now and now[key] != margin}


def before(paths: Sequence[str] | str, asked: Sequence[Judged]) -> dict[tuple[object, ...], float]:
    """Margins of earlier releases that are others now. paths: of their tables of verdicts, latest last."""
    from iop_outcomes.steps import store

    return changed([store.read("verdicts", [p]) for p in ([paths] if isinstance(paths, str) else paths)], asked)


def _own(rows: Sequence[Estimated], asked: Judged) -> list[Estimated]:
    wanted = tuple(getattr(asked, name) for name in QUESTION)
    return [row for row in rows if tuple(row[name] for name in QUESTION) == wanted]  # type: ignore[literal-required]


def _of_question(
    asked: Judged, own: Sequence[Estimated], level: float, earlier: Mapping[tuple[object, ...], float]
) -> Iterator[Row]:
    """Every row of a question."""
    there = {row["method"] for row in own if row["of"] == asked.of}
    able = [m for m in asked.asked if m in there and (asked.randomised or m not in UNADJUSTED)]
    methods = sorted(able, key=PREFERRED.index)
    before = earlier.get(tuple(getattr(asked, name) for name in OF_MARGIN))
    sets = [
        (STATED if asked.margin is not None else NO_MARGIN, asked.margin),
        *([(STRICT, asked.strict)] if asked.strict is not None else []),
        *([(EARLIER, before)] if before is not None else []),
    ]
    if not methods:
        method = min(asked.primary or asked.asked, key=PREFERRED.index)
        empty = {**_named(asked, own, method, asked.margin, sets[0][0]), **NOTHING, "missing_rule": TOGETHER}
        yield empty | {"leads": True, "verdict": NOT_ANSWERABLE, "reason": NOT_COMPARABLE}
        return
    leading = _leading(methods, asked, own)
    for method in methods:
        rows = {row["missing_rule"]: row for row in own if row["method"] == method and row["of"] == asked.of}
        arms = [row for row in own if row["method"] == method and row["of"] not in (DIFFERENCE, RATIO)]
        for by, margin in sets:
            held = {
                rule: _held(asked, row, [a for a in arms if a["missing_rule"] == rule], margin, by, level)
                for rule, row in rows.items()
            }
            yield from (one.row for one in held.values())
            together = _together(asked, held, margin, _named(asked, own, method, margin, by))
            yield together | {"leads": method == leading and by in (STATED, NO_MARGIN)}


def _leading(methods: Sequence[str], asked: Judged, own: Sequence[Estimated]) -> str:
    """The method that speaks: of the primary ones the preferred, and of those one that has a number."""
    primary = [m for m in methods if m in asked.primary] or list(methods)
    there = {row["method"] for row in own if row["of"] == asked.of and row["status"] == OK}
    return next((m for m in primary if m in there), primary[0])


def _named(asked: Judged, own: Sequence[Estimated], method: str, margin: float | None, by: str) -> Row:
    return {
        **{name: getattr(asked, name) for name in QUESTION},
        "cohort": own[0]["cohort"],
        "estimand": next((row["estimand"] for row in own if row["method"] == method), METHODS[method].estimand),
        "of": asked.of,
        "method": method,
        "by": by,
        "family": "primary" if method in asked.primary else "secondary",
        "leads": False,
        "better": asked.better,
        "margin": NAN if margin is None else margin,
    }


def _held(
    asked: Judged, row: Estimated, arms: Sequence[Estimated], margin: float | None, by: str, level: float
) -> Held:
    """One released estimate against one margin."""
    named = {**_named(asked, [row], row["method"], margin, by), "missing_rule": row["missing_rule"]}
    if row["status"] != OK or not np.isfinite([row["conf_low"], row["conf_high"]]).all():
        reason = row["reason"] or "its interval is not known"
        return Held({**named, **NOTHING, "verdict": NOT_ANSWERABLE, "reason": reason})
    scale = Scale(asked.of == RATIO, asked.better)
    within = None if margin is None else scale.margin(margin)
    told = _limits(row, arms, scale, level)
    turned = told.widened(_off(row, scale))
    tested = margins.Tests(NAN, NAN) if margin is None else _tests(row, arms, scale, margin, level)
    found = margins.verdict(turned, within)
    numbers: Row = {
        "estimate": row["estimate"],
        **_back(told, turned, scale),
        "p_no_worse": tested.no_worse,
        "p_equivalent": tested.equivalent,
        "n": row["n"],
        **_sizes(row, scale, within, level),
        "rounding_error": row["rounding_error"],
    }
    return Held({**named, **numbers, "verdict": found, "reason": _unset(found)}, told, turned)


def _unset(verdict: str) -> str:
    return NO_MARGIN_SET if verdict == NOT_ANSWERABLE else ""


def _error(row: Estimated, scale: Scale, level: float) -> tuple[float, float]:
    """Standard error and degrees of freedom of a row: those that its limits are made of; where protection rounded
    them, an error by which the normal limits are the released ones.
    """
    low, high = row["conf_low"], row["conf_high"]
    exact = not _rounded(row) and np.isfinite(row["std_error"]) and row["std_error"] > 0
    if exact and row["method"] != CRUDE:
        return row["std_error"], margins.degrees_behind(row["std_error"], low, high, level, scale.ratio)
    width = float(np.log(high / low)) if scale.ratio else high - low
    return width / 2 / float(margins.stats.norm.ppf(0.5 + level / 2)), float("inf")


def _limits(row: Estimated, arms: Sequence[Estimated], scale: Scale, level: float) -> Limits:
    if (told := _counted(row, arms, scale)) is not None:
        outer, inner = (newcombe(*told, level=at) for at in (margins.OUTER, INNER))
        ends = sorted((scale.turned(outer.low), scale.turned(outer.high)))
        within = sorted((scale.turned(inner.low), scale.turned(inner.high)))
        return Limits(ends[0], ends[1], within[0], within[1])
    low, high = row["conf_low"], row["conf_high"]
    middle = float(np.sqrt(low * high)) if scale.ratio else (low + high) / 2
    return margins.limits(middle, *_error(row, scale, level), scale)


def _rounded(row: Estimated) -> float:
    """By how much protection may have moved the numbers of a row; 0 where nothing is said of it."""
    off = row["rounding_error"]
    return off if off == off else 0.0


def _off(row: Estimated, scale: Scale) -> float:
    """By how much protection may have moved a limit, on the scale on which limits are turned."""
    off, low = _rounded(row), row["conf_low"]
    if not scale.ratio:
        return off
    return float(-np.log1p(-off / low)) if off < low else float("inf")


def _tests(row: Estimated, arms: Sequence[Estimated], scale: Scale, margin: float, level: float) -> margins.Tests:
    """Of crude shares that are told as they are the score tests (Farrington and Manning 1990), else Wald's."""
    told = _counted(row, arms, scale)
    if told is None:
        return margins.tests(row["estimate"], *_error(row, scale, level), margin, scale)
    found = proportions(*told, margin=abs(margin))
    worse = found.p_lower if margin < 0 else found.p_upper
    return margins.Tests(worse, found.p_value)


def _counted(row: Estimated, arms: Sequence[Estimated], scale: Scale) -> tuple[int, int, int, int] | None:
    """Events and people of both arms, where a crude difference of shares is of counts that are told as they are."""
    if row["method"] != CRUDE or row["measure"] != RISK or scale.ratio or _rounded(row) or len(arms) != 2:
        return None
    numbers = [arm[name] for arm in arms for name in ("events", "n")]
    if None in numbers:
        return None
    first, second = ((int(a["events"] or 0), int(a["n"] or 0)) for a in arms)
    share = first[0] / first[1] - second[0] / second[1] if first[1] and second[1] else NAN
    # shares of a curve, with people lost to follow-up, are no counts
    if abs(share - row["estimate"]) < 1e-8:
        return (*first, *second)
    return (*second, *first) if abs(-share - row["estimate"]) < 1e-8 else None


def _back(told: Limits, turned: Limits, scale: Scale) -> Row:
    """Limits as the quantity itself has them, as they were told; and the one that decides, as far as it may lie."""
    low, high = sorted((scale.back(told.low), scale.back(told.high)))
    inner_low, inner_high = sorted((scale.back(told.inner_low), scale.back(told.inner_high)))
    ends = {"conf_low": low, "conf_high": high, "inner_low": inner_low, "inner_high": inner_high}
    return {**ends, "flips_at": scale.back(turned.low)}


def _sizes(row: Estimated, scale: Scale, within: float | None, level: float) -> Row:
    """What these people can show, and how many would show no worse."""
    error, _ = _error(row, scale, level)
    detectable = margins.detectable(error)
    people = row["n"]
    needed = NAN if within is None or people is None else float(np.ceil(people * margins.times_as_many(error, within)))
    return {"detectable": float(np.exp(detectable)) if scale.ratio else detectable, "needed": needed}


def _together(asked: Judged, held: Mapping[str, Held], margin: float | None, named: Row) -> Row:
    """The verdict under every reading of missing answers that it needs."""
    wanted = [rule for rule in asked.readings if rule in held] or list(held)
    lacking = [rule for rule in asked.readings if rule not in held]
    empty = {**named, **NOTHING, "missing_rule": TOGETHER}
    unanswered = [held[rule] for rule in wanted if held[rule].turned is None]
    if unanswered or not wanted:
        reason = unanswered[0].row["reason"] if unanswered else NOT_COMPARABLE
        return empty | {"verdict": NOT_ANSWERABLE, "reason": reason}
    scale = Scale(asked.of == RATIO, asked.better)
    told, turned = (reduce(Limits.beside, (one for one in ends if one)) for ends in zip(
        *((held[rule].told, held[rule].turned) for rule in wanted), strict=True))  # fmt: skip
    found = margins.verdict(turned, None if margin is None else scale.margin(margin))
    said = {rule: str(held[rule].row["verdict"]) for rule in wanted}
    reason = _unset(found)
    if len(set(said.values())) > 1:
        reason = "; ".join(
            f"{MISSING_RULES[rule].label.lower()}: {VERDICTS[v].label.lower()}" for rule, v in said.items()
        )
    if VERDICTS[found].else_ and lacking:
        names = " and ".join(MISSING_RULES[rule].label.lower() for rule in lacking)
        reason = f"{VERDICTS[found].label.lower()} under what was asked, and not asked with: {names}"
        found = VERDICTS[found].else_
    rows = [held[rule].row for rule in wanted]
    return {
        **empty,
        **_back(told, turned, scale),
        **{name: _largest(rows, name) for name in ("p_no_worse", "p_equivalent", "detectable", "needed", "n")},
        "estimate": rows[0]["estimate"] if len(rows) == 1 else NAN,
        "rounding_error": _largest(rows, "rounding_error"),
        "verdict": found,
        "reason": reason,
    }


def _largest(rows: Sequence[Row], name: str) -> object:
    known = [v for row in rows if (v := row[name]) is not None and v == v]
    return max(known, key=lambda v: float(str(v))) if known else None if name == "n" else NAN
