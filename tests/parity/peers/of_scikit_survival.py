"""scikit-survival: curves with limits (R's survfit, SAS's lifetest), log-rank tests (survdiff), pairs (survC1)."""

from __future__ import annotations

from typing import Any

import numpy as np
from adapter import Files, aalen, arff, counted, greenwood, log_log, steps
from ledger import Both, Suite
from ours import concordance, cox, incidence_curves, logrank, nelson_aalen, survival_curve

suite = Suite("scikit-survival")
CURVES = "tests/test_nonparametric.py"
METRICS = "tests/test_metrics.py"
UNO = "tests/test_metrics.py (R survC1)"
COMPARE = "tests/test_compare.py (R survdiff)"


def curve_with_limits(time: Any, event: Any, at: Any, entry: Any = None, level: float = 0.95) -> tuple[Any, Any]:
    """(k,) survival and (2 k,) its log-log limits, lower ones first."""
    curve = survival_curve(time, event, entry=entry)
    lower, upper = curve.limits("log-log", level)
    lower[curve.value == 1], upper[curve.value == 1] = 1.0, 1.0
    return steps(curve.times, curve.value, at, 1.0), np.concatenate(
        [steps(curve.times, v, at, 1) for v in (lower, upper)]
    )


def cumulative_hazard(time: Any, event: Any, at: Any) -> Any:
    """(k,); 0 before the first event, where the estimator has none."""
    time, event, at = np.asarray(time), np.asarray(event, dtype=bool), np.asarray(at)
    later = at >= time[event].min()
    out = np.zeros(len(at))
    out[later] = nelson_aalen(time, event.astype(int), 1, at[later]).value
    return out


def simple(name: str, censored: list[int]) -> None:
    """Sixteen people, of whom those at some places are censored."""

    @suite.of(f"inline {name}", CURVES)
    def compute(files: Files) -> dict[str, Any]:
        given = files.json("ref_sksurv")
        time, at = (np.array(given[f"SimpleDataKMCases.{k}"]["return"]) for k in ("time", "true_x"))
        event = np.ones(len(time), dtype=bool)
        event[censored] = False
        value, limits = curve_with_limits(time, event, at)
        return {"KM": value, "KM log-log limits": limits, "Nelson-Aalen": cumulative_hazard(time, event, at)}


simple("all_uncensored", [])
simple("first_censored", [0])
simple("last_censored", [-1])
simple("first_and_last_censored", [0, -1])


@suite.of("whas500", CURVES)
def whas500(files: Files) -> dict[str, Any]:
    people = arff(files.path("sk_whas500.arff"))
    time, event = people.lenfol.astype(float), people.fstat == "1"
    at = files.json("ref_sksurv")[".whas500_true_x"]["return"]
    value, limits = curve_with_limits(time, event, at)
    return {
        "KM": value,
        "KM log-log limits 95": limits,
        "KM log-log limits 99": curve_with_limits(time, event, at, level=0.99)[1],
        "Nelson-Aalen": cumulative_hazard(time, event, at),
    }


def truncated(number: int, at_event_times: bool = False) -> None:
    @suite.of(f"inline truncated {number}", CURVES)
    def compute(files: Files) -> dict[str, Any]:
        given = files.json("ref_sksurv")[f"TestKaplanMeier.test_left_truncated_simple{number}"]
        time, event, entry = given["time_exit"], given["event"], given["time_enter"]
        at = given["true_x"][-len(given["true_y"]) :]
        value, limits = curve_with_limits(time, event, at, entry)
        people = counted(time, np.asarray(event, dtype=int), entry=entry)
        survival = people.before * (1 - people.gone / people.at_risk)
        theirs = np.concatenate([steps(people.times, v, at, 1.0) for v in log_log(survival, greenwood(people))])
        return {"KM": value, "KM log-log limits": Both(limits, theirs)}


for one in (1, 2, 3):
    truncated(one)


def channing(sex: str, skip: int) -> None:
    """People of the Channing house who are 68 or older at some time of their stay, from that age on."""

    @suite.of(f"channing {sex} older 68", CURVES)
    def compute(files: Files) -> dict[str, Any]:
        people = files.csv("channing")
        people = people[(people.sex == sex) & (people.entry < people.exit) & (people.exit >= 68 * 12)]
        at = files.json("ref_sksurv")[f".channing_{sex.lower()}_true_x"]["return"][skip:]
        curve = survival_curve(people.exit, people.cens, entry=people.entry)
        return {"KM": steps(curve.times, curve.value, at, 1.0)}


channing("Male", 24)
channing("Female", 30)


def incidence(time: Any, cause: Any, at: Any) -> Any:
    """(causes k,) cause by cause."""
    curves = incidence_curves(time, cause)
    return np.concatenate([steps(c.times, c.value, at, 0.0) for c in curves.values()])


def marrow(name: str, disease: str | None) -> None:
    @suite.of(name, CURVES)
    def compute(files: Files) -> dict[str, Any]:
        people = arff(files.path("sk_bmt.arff"))
        people = people if disease is None else people[people.dis == disease]
        at = files.json("ref_sksurv")[f"SimpleDataBMTCases.data_{name}"]["true_x"]
        return {"Aalen-Johansen": incidence(people.ftime.astype(float), people.status.astype(int), at)}


marrow("bmt_full", None)
marrow("bmt_total_risk", "0")
marrow("bmt_AML", "1")


@suite.of("three causes", CURVES)
def three_causes(files: Files) -> dict[str, Any]:
    given = files.json("ref_sksurv")["SimpleDataBMTCases.data_three_competing_cases"]
    return {"Aalen-Johansen": incidence(given["time"], np.array(given["event"], dtype=int), given["true_x"])}


@suite.of("cgvhd", "tests/data/cgvhd (SAS proc lifetest)")
def cgvhd(files: Files) -> dict[str, Any]:
    """Chronic graft-versus-host disease, relapse and death, whichever comes first; limits where there is incidence."""
    people = arff(files.path("sk_cgvhd.arff"))
    times = people[["survtime", "reltime", "cgvhtime"]].astype(float)
    first = times.min(axis=1)
    kinds = ((people.cgvh == "1") & (times.cgvhtime == first), (people.rcens == "1") & (times.reltime == first))
    cause = np.select([*kinds, (people.stat == "1") & (times.survtime == first)], [1, 2, 3], 0)
    at = np.load(files.path("cgvhd_delta.npy"))
    at = at[(at[:, 0] == 1) & (at[:, 1] > 0), 1]
    found = {}
    for which, curve in incidence_curves(first, cause).items():
        value, error = (steps(curve.times, v, at, 0.0) for v in (curve.value, curve.standard_error))
        people_at_risk = counted(first, cause, which)
        theirs = steps(people_at_risk.times, aalen(people_at_risk), at, 0.0)
        there = value > 0
        ours = np.concatenate(log_log(value[there], error[there]))
        found[f"CIF cause {which}"] = value[there]
        found[f"log-log limits delta approx cause {which}"] = ours
        found[f"log-log limits Aalen cause {which}"] = Both(ours, np.concatenate(log_log(value[there], theirs[there])))
    return found


def tested(test: Any) -> dict[str, Any]:
    return {
        "log-rank chisq, p": [test.statistic, test.p_value],
        "expected": test.expected,
        "covariance": test.covariance,
    }


@suite.of("rossi", COMPARE)
def rossi_groups(files: Files) -> dict[str, Any]:
    people = files.csv("ll_rossi")
    return tested(logrank(people.week, people.arrest, people.race))


@suite.of("veteran", COMPARE)
def veteran(files: Files) -> dict[str, Any]:
    people = arff(files.path("sk_veteran.arff"))
    time, event = people.Survival_in_days.astype(float), people.Status == "dead"
    return tested(logrank(time, event, people.Celltype))


@suite.of("toy", COMPARE)
def toy(files: Files) -> dict[str, Any]:
    """Ten people, five of each group; who has an event."""
    first, second = [12, 1, 6, 9, 7, 4, 13, 5, 2, 3], [12, 1, 2, 2, 7, 4, 1, 5, 2, 5]
    cases = [
        (first, [1, 2, 6, 8, 9]),
        (first, [2, 6, 8, 9]),
        (second, [2, 6, 8, 9]),
        (second, [2, 3, 7, 9]),
        ([12, 12, *second[2:]], [0, 1, 7, 9]),
    ]
    group = np.repeat([0, 1], 5)
    tests = [logrank(time, np.isin(np.arange(10), event), group) for time, event in cases]
    return {"log-rank chisq, p": [v for test in tests for v in (test.statistic, test.p_value)]}


TIME, SCORE = [1, 5, 6, 11, 34, 45, 46, 50], [5, 8, 11, 34, 12, 3, 9, 12]
TIED_TIME, TIED_SCORE = [1, 5, 6, 11, 11, 34, 45, 45, 50], [5, 8, 11, 19, 34, 12, 3, 9, 12]
# times, events by their places, scores
PAIRS: dict[str, tuple[Any, Any, Any]] = {
    "all correct": (TIME, range(8), range(8, 0, -1)),
    "all wrong": (TIME, range(8), range(8)),
    "no ties": (TIME, [1, 2, 5], SCORE),
    "tied time": (TIED_TIME, [1, 2, 4, 6], TIED_SCORE),
    "tied time 2": (TIED_TIME, [1, 2, 6], TIED_SCORE),
    "tied event": (TIED_TIME, [1, 3, 4, 6], TIED_SCORE),
    "tied risk": (TIME, [1, 2, 4, 5], [5, 15, *SCORE[2:]]),
    "tied event and time": (
        [34, 11, 11, 5, 1, 89, 13, 45, 7, 13, 9, 13],
        [0, 4, 6, 7, 11],
        [1, 19, 13, 13, 15, 14, 19, 23, 11, 10, 11, 1],
    ),
}
UNO_TIME, UNO_EVENTS = [1, 5, 6, 10, 11, 34, 45, 46, 50, 56], [1, 2, 4, 6, 9]
# times, events by their places, scores, horizon
UNO_PAIRS: dict[str, tuple[Any, Any, Any, float | None]] = {
    "no ties": (UNO_TIME, UNO_EVENTS, [5, 8, 11, 19, 34, 12, 3, 9, 12, 20], None),
    "tied risk 1": (UNO_TIME, UNO_EVENTS, [5, 8, 11, 11, 34, 12, 3, 9, 12, 20], None),
    "tied risk 2": (UNO_TIME, UNO_EVENTS, [5, 8, 11, 11, 34, 12, 11, 9, 12, 20], None),
    "truncated 2": (UNO_TIME, [1, 2, 4, 6, 7, 8, 9], [5, 8, 11, 19, 34, 12, 3, 9, 12, 18], 45.25),
    "tied event": (
        [1, 5, 6, 11, 11, 34, 45, 45, 50, 55],
        [1, 3, 4, 6, 9],
        [5, 8, 11, 19, 34, 12, 3, 9, 12, 18],
        None,
    ),
    "tied event and time": (
        [34, 11, 11, 5, 1, 89, 13, 45, 7, 13, 9, 13, 90],
        [0, 4, 6, 7, 11, 12],
        [1, 19, 13, 13, 15, 14, 19, 23, 11, 10, 11, 1, 18],
        None,
    ),
}


def pairs(time: Any, event: Any, score: Any) -> dict[str, Any]:
    found = concordance(score, time, event)
    time, event = np.asarray(time), np.asarray(event)
    theirs = int(((time[:, None] == time) & event[:, None] & ~event).sum())
    return {
        "C and counts": [found.estimate.value[0], found.concordant, found.discordant, found.tied_x],
        "pairs tied in time": Both([found.tied_y + found.tied_xy], [theirs]),
    }


def concordances() -> None:
    for name, (time, event, score) in PAIRS.items():
        suite.of(name, METRICS)(lambda files, t=time, e=event, s=score: pairs(t, np.isin(np.arange(len(t)), e), s))
    for name, (time, event, score, horizon) in UNO_PAIRS.items():
        suite.of(name, UNO)(
            lambda files, t=time, e=event, s=score, h=horizon: uno(t, np.isin(np.arange(len(t)), e), s, h)
        )


def uno(time: Any, event: Any, score: Any, horizon: float | None = None) -> dict[str, Any]:
    ours = concordance(score, time, event, weighting="uno", horizon=horizon).estimate.value
    return {"Uno C": Both(ours, [just_after(*(np.asarray(v) for v in (time, event, score)), horizon)])}


def just_after(time: Any, event: Any, score: Any, horizon: float | None) -> float:
    """Uno's C with 1 / G(u)^2, of which the censored at u have left already, in place of 1 / G(u-)^2."""
    there = [(time >= t).sum() - (event & (time == t)).sum() for t in np.unique(time)]
    gone = [(~event & (time == t)).sum() for t in np.unique(time)]
    left = 1 - np.array(gone) / np.maximum(there, 1)
    g = np.cumprod(left)[np.searchsorted(np.unique(time), time)]
    counts = event & (time < (np.inf if horizon is None else horizon))
    comparable = (time[:, None] < time) | ((time[:, None] == time) & ~event)
    weight = comparable[counts] / g[counts, None] ** 2
    higher = (score[counts, None] > score) + (score[counts, None] == score) / 2
    return float((weight * higher).sum() / weight.sum())


concordances()


def predicted(files: Files) -> tuple[Any, Any, Any]:
    event, time, score = files.csv("whas500_predictions", header=None).to_numpy().T
    return time, event == 1, score


suite.of("whas500", METRICS)(lambda files: pairs(*predicted(files)))
suite.of("whas500", UNO)(lambda files: uno(*predicted(files)))


@suite.of("rossi", "tests/test_coxph.py")
def rossi(files: Files) -> dict[str, Any]:
    people = files.csv("ll_rossi")
    names = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]
    fits = {ties: cox(people[names], people.week, people.arrest, names, ties=ties) for ties in ("breslow", "efron")}
    return {f"{ties.title()} coef": fit.estimate.value for ties, fit in fits.items()}
