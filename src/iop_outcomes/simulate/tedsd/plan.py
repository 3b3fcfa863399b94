"""The plan of a generated year: which tables are drawn from, one after the other.

In order: services by state; classes by service; the service at discharge; reason and length of stay; substances and
routes, which are drawn in threes (`substances`); then every other variable given what was drawn before
(`structure.drawn`). Each `Draw` is a table of probabilities: a row for each combination of what is given, a column for
each outcome. How what is given is distributed follows exactly from the tables before, so that every margin is met
exactly but for sampling.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from iop_outcomes.simulate.tedsd import structure
from iop_outcomes.simulate.tedsd.margins import Margin, conditional, fitted
from iop_outcomes.tables import reference

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# states differ in services and in how often treatment is completed; the differences belong to the plan, not to a seed
STATE_SEED, STATE_SPREAD = 20060101, 0.9
KINDS_OF_STATE = (-0.6, -0.3, 0.0, 0.3, 0.6)
SPREAD_OF_STAYS, SHORTER_BY_SEVERITY = 0.9, 0.15
DETOXIFICATION = "detoxification"


@dataclass
class Draw:
    """Outcomes drawn given earlier ones: probabilities (combinations of what is given, outcomes)."""

    name: str
    given: tuple[str, ...]
    sizes: tuple[int, ...]
    table: Floats


@dataclass
class Plan:
    """The draws in order, and what they need.

    margins: by variable. given_class: how a variable is distributed given the class, (25, categories). computed: for
    variables that follow from the three substances, the code by place of the combination.
    """

    year: int
    margins: dict[str, Margin]
    draws: list[Draw] = field(default_factory=list)
    given_class: dict[str, Floats] = field(default_factory=dict)
    computed: dict[str, NDArray[np.intp]] = field(default_factory=dict)

    def margin(self, name: str) -> Margin:
        """The margin of a variable; where the service at admission has none, that of the service at discharge."""
        return self.margins[name if name in self.margins else f"{name}_D"]

    def add(self, name: str, given: tuple[str, ...], sizes: tuple[int, ...], weights: Floats) -> None:
        """A draw; weights are made probabilities row by row."""
        self.draws.append(Draw(name, given, sizes, conditional(weights)))


def begun(year: int, margins: dict[str, Margin]) -> Plan:
    """A plan with what the substances need: service, class, reason, length of stay, and the first substance."""
    plan = Plan(year, margins)
    _core(plan)
    _draw(plan, "SUB1", ("class",))
    return plan


def finish(plan: Plan) -> None:
    """All other variables of the year."""
    for variable, given in structure.drawn():
        if variable in plan.margins and variable not in plan.given_class:
            _draw(plan, variable, given)


def _core(plan: Plan) -> None:
    """State, service, class, service at discharge, reason and length of stay."""
    import numpy as np

    m = plan.margins
    state, left, reason = m["STFIPS"], m["SERVICES_D"], m["REASON"]
    service = plan.margin("SERVICES")
    severity, _, shares = structure.classes()
    odds, kind = states(state)
    by_state = fitted(odds[:, : len(service.codes)] * service.shares, state.shares, service.shares)
    by_service = fitted(structure.by_class(service, "SERVICES").T * shares, service.shares, shares)
    same = np.where(np.equal.outer(service.values, left.values), 200.0, 1.0) * left.shares
    at_end = fitted(same, service.shares, left.shares)
    plan.add("STFIPS", (), (), state.shares[None, :])
    if area := next((m[n] for n in ("CBSA", "CBSA2010") if n in m), None):
        plan.add(area.name, ("STFIPS",), (len(state.codes),), _areas(state, area))
    plan.add("SERVICES", ("STFIPS",), (len(state.codes),), by_state)
    plan.add("class", ("SERVICES",), (len(service.codes),), by_service)
    plan.add("SERVICES_D", ("SERVICES",), (len(service.codes),), at_end)
    # how service, class, service at discharge and kind of state are distributed together
    of_kind = np.stack([by_state[kind == k].sum(axis=0) for k in range(len(KINDS_OF_STATE))])
    joint = np.einsum("ks,sc,sl->lck", of_kind, conditional(by_service), conditional(at_end))
    weights = _reasons(left, reason)[:, None, None, :] * structure.by_class(reason, "REASON")[None, :, None, :]
    done = np.array([v == "completed" for v in reason.values])
    weights = weights * np.exp(np.outer(KINDS_OF_STATE, done))[None, None, :, :] / reason.shares
    cells = joint.size
    ended = fitted(weights.reshape(cells, -1) * joint.reshape(cells, 1), joint.ravel(), reason.shares)
    plan.add("REASON", ("SERVICES_D", "class", "kind"), joint.shape, ended)
    steps = len(structure.STEPS)
    short = ended.reshape(*joint.shape, -1).sum(axis=2).reshape(len(left.codes), steps, steps, -1).sum(axis=2)
    _length_of_stay(plan, short.transpose(0, 2, 1))
    plan.given_class |= {
        "SERVICES": conditional(by_service.T),
        "SERVICES_D": conditional(joint.sum(axis=2).T),
        "REASON": conditional(ended.reshape(*joint.shape, -1).sum(axis=(0, 2))),
    }
    for name in ("REGION", "DIVISION"):
        plan.given_class[name] = np.tile(m[name].shares, (len(severity), 1))


def _areas(state: Margin, area: Margin) -> Floats:
    """Areas by state: an area lies in its state, and hardly elsewhere."""
    import numpy as np

    of = {row["area"]: row["state"] for row in reference.rows("tedsd/areas.csv")}
    there = np.array([[1.0 if of.get(a, s) == s else structure.RARE for a in area.codes] for s in state.codes])
    return fitted(there * area.shares, state.shares, area.shares)


def states(state: Margin) -> tuple[Floats, NDArray[np.intp]]:
    """For each state odds of up to 16 services, and its kind: the same in every plan."""
    import numpy as np

    fixed = np.random.default_rng(STATE_SEED)
    at = [int(c) for c in state.codes]
    odds = np.exp(fixed.normal(0, STATE_SPREAD, (100, 16)))[at]
    return odds, fixed.integers(0, len(KINDS_OF_STATE), 100)[at]


def _reasons(left: Margin, reason: Margin) -> Floats:
    """Weights (services, reasons) from the completion that SAMHSA published for 2004."""
    import numpy as np

    rows = {row["service"]: row for row in reference.rows("tedsd/published_2004.csv")}
    names = {"completed": "completed", "transferred": "transferred", "dropped out": "dropped_out"}
    names["terminated by facility"] = "terminated"
    others = 1 - reason.share(*names)
    table = []
    for service in left.values:
        row = rows.get(DETOXIFICATION if service.startswith(DETOXIFICATION) else service, rows["outpatient"])
        share = {value: int(row[column]) / int(row["total"]) for value, column in names.items()}
        rest = int(row["other"]) / int(row["total"]) / others
        table.append([share.get(v, rest * p) for v, p in zip(reason.values, reason.shares, strict=True)])
    return np.array(table)


def _length_of_stay(plan: Plan, joint: Floats) -> None:
    """Lengths given service at discharge, reason and step of severity; joint: how these are distributed."""
    import numpy as np

    margin, left, reason = plan.margins["LOS"], plan.margins["SERVICES_D"], plan.margins["REASON"]
    medians = structure.median_days()
    day = np.array([[medians.get((s, r), medians[s, "other"]) for r in reason.values] for s in left.values])
    middle = np.log(day)[:, :, None] - SHORTER_BY_SEVERITY * np.array(structure.STEPS)
    weights = np.stack([_between(middle, value) for value in margin.values], axis=-1)
    rows = weights.reshape(joint.size, -1)
    # a part of every length everywhere, so that the margin can be met
    rows = 0.97 * rows / rows.sum(axis=1, keepdims=True) + 0.03 * margin.shares
    plan.add("LOS", ("SERVICES_D", "REASON", "severity"), joint.shape, fitted(
        rows * joint.reshape(-1, 1), joint.ravel(), margin.shares
    ))  # fmt: skip


def _between(middle: Floats, value: str) -> Floats:
    """The probability of a length under a log-normal law with these medians."""
    import numpy as np
    from scipy.stats import norm

    days = [int(t) for t in value.replace("-", " ").split() if t.isdigit()]
    if not days:
        return np.full(middle.shape, 1e-6)
    low, high = np.log(days[0] - 0.5), np.log(days[-1] + 0.5) if "more" not in value else np.inf
    found: Floats = norm.cdf((high - middle) / SPREAD_OF_STAYS) - norm.cdf((low - middle) / SPREAD_OF_STAYS)
    return np.maximum(found, 1e-9)


def _draw(plan: Plan, variable: str, given: tuple[str, ...]) -> None:
    """A variable given the class, other variables, or both."""
    import numpy as np

    margin = plan.margins[variable]
    shares = structure.classes()[2]
    # how what is given is distributed together with the class, (25, combinations)
    known = shares[:, None]
    weights = np.ones((1, len(margin.codes)))
    sizes: tuple[int, ...] = ()
    for name in given:
        if name == "class":
            of = np.eye(len(shares))
            table = structure.by_class(margin, variable) / margin.shares
        else:
            of = plan.given_class[name]
            table = structure.by_variable(margin, variable, plan.margin(name), name) / margin.shares
        known = np.einsum("cx,cy->cxy", known, of).reshape(len(shares), -1)
        weights = np.einsum("xv,yv->xyv", weights, table).reshape(-1, len(margin.codes))
        sizes = (*sizes, of.shape[1])
    there = known.sum(axis=0)
    table = fitted(weights * margin.shares * there[:, None], there, margin.shares)
    plan.add(variable, given, sizes, table)
    plan.given_class[variable] = conditional(known) @ conditional(table)
