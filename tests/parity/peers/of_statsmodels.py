"""statsmodels: Cox (R's coxph), curves (R, SAS, Stata), log-rank tests, GEE (R's gee), standardised means (Stata's
teffects), equivalence (R's equivalence), tables of counts.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from adapter import Files, clustered, counted, greenwood, model_error
from ledger import Both, Suite
from ours import (
    cox,
    cr2,
    cumulative_incidence,
    difference,
    fit_outcome,
    gee,
    join,
    log_risk_ratio,
    logrank,
    mantel_haenszel,
    means,
    newcombe,
    standardised_means,
    survival_curve,
    wilson,
)

suite = Suite("statsmodels")
MISC = "test_survfunc.py (R survival, survMisc)"
# var1 and var2 of 15 people of either arm, raw_clinic of stats/tests/test_tost.py
CLINIC = np.array([
    [2.84, 2.51, 2.41, 2.95, 3.14, 3.79, 4.14, 3.85, 3.02, 3.45, 5.37, 3.81, 4.19, 3.16, 3.84,
     2.60, 2.82, 2.18, 3.46, 4.01, 3.04, 3.47, 4.06, 2.91, 3.59, 4.51, 3.16, 3.86, 3.31, 3.02],
    [4.00, 3.26, 4.14, 3.42, 3.25, 4.34, 4.97, 4.31, 3.11, 3.41, 5.02, 4.21, 4.59, 5.30, 4.32,
     3.76, 3.66, 3.65, 3.60, 3.48, 2.87, 3.24, 3.92, 3.99, 4.21, 4.21, 3.31, 3.61, 2.97, 2.73],
])  # fmt: skip


def hazard_ratios(people: int, columns: int) -> None:
    """By either way with ties, with late entry or not, in five strata or not."""
    name = f"{people}_{columns}"

    @suite.of(f"survival_data_{name}.csv", "duration/tests/results/survival_r_results.py (R coxph)")
    def compute(files: Files) -> dict[str, Any]:
        time, status, entry, *x = files.csv(f"sm_surv_{name}", sep=" ", header=None).to_numpy().T
        strata, found = np.repeat(np.arange(5), people // 5), {}
        names = [f"x{k}" for k in range(columns)]
        for ties in ("breslow", "efron"):
            for late in (False, True):
                for by in (False, True):
                    key = "_".join([name, *["et"] * late, *["st"] * by, ties[:3]])
                    fit = cox(
                        np.column_stack(x), time, status, names, entry=entry if late else None,
                        strata=strata if by else None, ties=ties,
                    )  # fmt: skip
                    found[f"cox coef {key}"], found[f"cox model se {key}"] = fit.estimate.value, model_error(fit)
        return found


for size in ((20, 1), (50, 1), (50, 2), (100, 5), (1000, 10)):
    hazard_ratios(*size)

FIRST = ([3, 1, 2, 3, 2, 1, 5, 3], [0, 1, 1, 1, 0, 0, 1, 0])
SECOND = ([1, 1, 2, 3, 7, 1, 5, 3, 9], [0, 1, 0, 0, 1, 0, 1, 0, 1])


@suite.of("ti/st inline", "duration/tests/test_survfunc.py (R)")
def curves(files: Files) -> dict[str, Any]:
    both = [survival_curve(*one) for one in (FIRST, SECOND)]
    return {
        "KM": np.concatenate([c.value[:3] for c in both]),
        "Greenwood se": np.concatenate([c.standard_error[:3] for c in both]),
    }


@suite.of("ti1 v ti2", "duration/tests/test_survfunc.py (R)")
def groups(files: Files) -> dict[str, Any]:
    group = np.repeat([1, 2], [len(FIRST[0]), len(SECOND[0])])
    test = logrank([*FIRST[0], *SECOND[0]], [*FIRST[1], *SECOND[1]], group)
    return {"logrank chisq": test.statistic, "logrank p": test.p_value}


def leukaemia(files: Files) -> Any:
    people = files.csv("bmt")
    return survival_curve(*people.loc[people.Group == "ALL", ["T", "Status"]].to_numpy().T)


@suite.of("bmt ALL", "duration/tests/results/bmt_results.csv (SAS lifetest)")
def whole_curve(files: Files) -> dict[str, Any]:
    curve = leukaemia(files)
    return {"KM": curve.value, "Greenwood se": curve.standard_error}


@suite.of("bmt ALL", "test_survfunc.py (SAS lifetest)")
def quartiles(files: Files) -> dict[str, Any]:
    curve, found = leukaemia(files), {}
    for name, scale in (("linear", "plain"), ("cloglog", "log-log"), ("log", "log"), ("logit", "logit")):
        quarter = curve.quantiles([0.25], scale)
        found[f"25% quantile CI {name}"] = [quarter.lower[0], quarter.upper[0]]
    return found


def of_marrow(people: Any, rho: float = 0.0, strata: int = 0, weighting: str = "fleming-harrington") -> float:
    by = np.arange(len(people)) % strata if strata else None
    return logrank(people["T"], people.Status, people.Group, weighting, rho, strata=by).statistic


@suite.of("bmt", MISC)
def two_groups(files: Files) -> dict[str, Any]:
    people = files.csv("bmt")[lambda d: d.Group != "ALL"]
    found = {
        "logrank": of_marrow(people),
        "gehan-breslow": of_marrow(people, weighting="gehan-breslow"),
        "tarone-ware": of_marrow(people, weighting="tarone-ware"),
        "FH 0.5": of_marrow(people, 0.5),
        "FH 1": of_marrow(people, 1),
    }
    for strata in (5, 8):
        for name, rho in (("logrank", 0.0), ("FH .5", 0.5), ("FH 1", 1.0)):
            found[f"{name} {strata} strata"] = of_marrow(people, rho, strata)
    return found


@suite.of("bmt all", MISC)
def three_groups(files: Files) -> dict[str, Any]:
    people = files.csv("bmt")
    return {"FH 1, 3 groups": of_marrow(people, 1), "FH .5 5 strata, 3 groups": of_marrow(people, 0.5, 5)}


@suite.of("inline", "test_survfunc.py (Stata sts test)")
def late_entry(files: Files) -> dict[str, Any]:
    cases = [
        ([5, 3, 4, 2, 5, 4, 6, 7, 5, 9], [1, 1, 0, 1, 1, 0, 1, 1, 0, 0], [1, 2, 2, 1, 3, 3, 5, 4, 2, 5]),
        ([2, 1, 5, 8, 7, 8, 8, 9, 4, 9], [1, 1, 1, 1, 1, 0, 1, 0, 0, 0], [1, 1, 2, 2, 3, 3, 2, 1, 2, 0]),
    ]
    group, found = np.repeat([0, 1], 5), {}
    # one person of the second case enters when they leave, at no event time, and is never at risk
    for name, late in (("", False), (" entry", True)):
        kept = [np.array(e) < t for t, _, e in cases] if late else [np.ones(10, dtype=bool)] * 2
        tests = [
            logrank(np.array(t)[k], np.array(s)[k], group[k], entry=np.array(e)[k] if late else None)
            for (t, s, e), k in zip(cases, kept, strict=True)
        ]
        found[f"logrank{name}"] = [test.statistic for test in tests]
        found[f"logrank p{name}"] = [test.p_value for test in tests]
    return found


@suite.of("inline", "test_survfunc.py test_incidence (R cuminc; Stata stcompet se)")
def competing(files: Files) -> dict[str, Any]:
    time = [1, 1, 2, 4, 4, 4, 6, 6, 7, 8, 9, 9, 9, 1, 2, 2, 4, 4]
    cause = [1, 1, 1, 2, 2, 2, 3, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    found = {}
    for which, at in ((1, [1, 2]), (2, [4]), (3, [6, 7])):
        risk = cumulative_incidence(time, cause, which, at)
        found[f"AJ cause {which}"], found[f"AJ se cause {which}"] = risk.value, risk.standard_error()
    return found


@suite.of("inline", "test_survfunc.py entry (R survfit)")
def entries(files: Files) -> dict[str, Any]:
    cases = {
        "KM entry": (
            [1, 3, 3, 5, 5, 7, 7, 8, 8, 9, 10, 10],
            [1, 1, 0, 1, 1, 1, 0, 0, 1, 1, 0, 1],
            [0, 1, 1, 2, 2, 2, 3, 4, 4, 4, 4, 0],
        ),
        "KM entry 3": ([1, 2, 5, 6, 6, 6, 6, 6, 9], [0, 0, 1, 1, 1, 0, 1, 1, 0], [0, 1, 1, 2, 2, 2, 3, 4, 4]),
    }
    found: dict[str, Any] = {}
    for name, (time, event, entry) in cases.items():
        curve = survival_curve(time, event, entry=entry)
        found[name] = curve.value
        found[f"{name} se"] = Both(curve.standard_error, greenwood(counted(time, event, entry=entry)))
    return found


@suite.of("inline", "test_weights1 (R survfit, err='tsiatis')")
def weights(files: Files) -> dict[str, Any]:
    time, event = [1, 3, 5, 6, 7, 8, 8, 9, 3, 4, 1, 3, 2], [1, 1, 0, 1, 1, 0, 0, 1, 0, 0, 1, 1, 0]
    return {"weighted KM": survival_curve(time, event, weight=[1, 2, 3, 2, 3, 1, 2, 1, 1, 2, 2, 3, 1]).value}


def equations(data: str, family: str, *correlations: str) -> None:
    @suite.of(f"{data}.csv", "genmod/tests/test_gee.py (R gee)")
    def compute(files: Files) -> dict[str, Any]:
        group, y, *x = files.csv(data, header=None).to_numpy().T
        found: dict[str, Any] = {}
        for correlation in correlations:
            fit = gee(family, np.column_stack(x), y, [f"x{k}" for k in range(len(x))], group, correlation)
            name = f"GEE {family} {correlation}"
            found[f"{name} coef"] = fit.estimate.value
            found[f"{name} se (less J/(J-1))"] = clustered(fit.estimate, group)
        return found


equations("gee_logistic_1", "logistic", "independence", "exchangeable")
equations("gee_linear_1", "linear", "independence", "exchangeable")
equations("gee_poisson_1", "poisson", "independence", "exchangeable")
equations("gee_nested_linear_1", "linear", "independence")


@suite.of("cataneo2.csv", "treatment/tests/results/results_teffects.py (Stata teffects ra)")
def birth_weights(files: Files) -> dict[str, Any]:
    """A linear regression in each arm: the arm with all its interactions."""
    people = files.csv("cataneo2")
    x = people[["prenatal1_", "mmarried_", "mage", "fbaby_"]].astype(float)
    arm = people.mbsmoke_.astype(float)

    def design(value: Any) -> Any:
        return np.column_stack([np.broadcast_to(value, len(x)), x, x.mul(value, axis=0)])

    names = ["arm", *x, *(f"arm:{name}" for name in x)]
    model = fit_outcome("linear", design(arm), people.bweight, names)
    found = {}
    for name, over in (("ATE", None), ("ATT", arm)):
        both = standardised_means(model, design(np.ones(len(x))), design(np.zeros(len(x))), over)
        pair = join([difference(both, "arm1", "arm0"), both.take("arm0")])
        found[f"RA {name}, POM0"], found[f"RA {name}, POM0 se"] = pair.value, pair.standard_error()
    return found


@suite.of("clinic", "stats/tests/test_tost.py (R equivalence::tost)")
def equivalence(files: Files) -> dict[str, Any]:
    first, second = CLINIC
    cases = [(second, 0.6), (first, 0.6), (np.log(first), np.log(1.25))]
    tests = [means(y[:15], y[15:], margin) for y, margin in cases]
    return {"TOST p, 90% limits": [v for test in tests for v in (test.p_value, test.low, test.high)]}


@suite.of("clinic", "stats/tests/test_tost.py (R equivalence::tost) (Welch: equals CR2 with one person a cluster)")
def welch(files: Files) -> dict[str, Any]:
    arm = np.repeat([[1.0], [0.0]], 15, axis=0)
    return {"se": [cr2(arm, y, ["arm"], list(range(30))).standard_error()[1] for y in CLINIC[::-1]]}


@suite.of("19/38", "stats/tests/test_proportion.py")
def proportion(files: Files) -> dict[str, Any]:
    found = wilson(19, 38)
    return {"Wilson": [found.low, found.high]}


@suite.of("38/38, 0/77", "stats/tests/test_proportion.py")
def ends(files: Files) -> dict[str, Any]:
    return {"Wilson ends": [wilson(38, 38).high, wilson(0, 77).low]}


@suite.of("7/34, 1/34", "stats/tests/test_proportion.py (Fagerland 2015)")
def two_proportions(files: Files) -> dict[str, Any]:
    gap, ratio = newcombe(7, 34, 1, 34), log_risk_ratio(7, 34, 1, 34)[0]
    return {"Newcombe": [gap.low, gap.high], "Katz log ratio": np.exp([ratio.low, ratio.high])}


@suite.of("2x2xK", "stats/tests/test_contingency_tables.py (R mantelhaen.test, DescTools)")
def tables(files: Files) -> dict[str, Any]:
    """Events and others of either arm, stratum by stratum."""
    first = [[0, 0, 6, 5], [3, 0, 3, 6], [6, 2, 0, 4], [5, 6, 1, 0], [2, 5, 0, 0]]
    second = [[20, 14, 10, 24], [15, 12, 3, 15], [3, 2, 3, 2], [12, 3, 7, 5], [1, 0, 3, 2]]
    found = []
    for strata in (first, second):
        a, b, c, d = np.array(strata).T
        both = mantel_haenszel(a, a + b, c, c + d)
        found += [both.odds_ratio, both.odds_ratio_low, both.odds_ratio_high]
    return {"Mantel-Haenszel OR, limits": found}
