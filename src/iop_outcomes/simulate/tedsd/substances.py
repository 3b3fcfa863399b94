"""Substances and their routes in a generated file: they are drawn in threes, as they belong together.

The second and third substance are drawn given the first, so that no substance comes twice but where SAMHSA's counts say
so, and that the counts of each substance at any place, of the number of substances, and of alcohol only or with other
drugs are met. The routes of all three are drawn given the kinds of substances, so that the count of any injection is
met.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from iop_outcomes.simulate.tedsd import structure
from iop_outcomes.simulate.tedsd.margins import Margin, raked
from iop_outcomes.simulate.tedsd.plan import Plan
from iop_outcomes.tables import reference

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]

# substances that share their routes
KINDS = {
    "none": 0, "unknown": 0, "alcohol": 1, "cannabis": 2, "heroin": 3, "other opioids": 3,
    "non-prescription methadone": 3, "cocaine": 4, "methamphetamine": 5, "other amphetamines": 5, "other stimulants": 5,
}  # fmt: skip
OTHER_KIND = 6
NAMED = ("none", "alcohol", "cannabis", "heroin", "cocaine", "methamphetamine", "other")
INJECTION = "injection"
FLAG_MEANING = " among the substances at admission"


def add(plan: Plan) -> None:
    """Draws of the second and third substance given the first, and of the routes given the kinds."""
    import numpy as np

    three = [plan.margins[f"SUB{i}"] for i in (1, 2, 3)]
    sizes = tuple(len(m.codes) for m in three)
    joint = _substances(plan, three, sizes)
    plan.add("SUB2 SUB3", ("SUB1",), sizes[:1], joint.reshape(sizes[0], -1))
    shares = structure.classes()[2]
    for i, place in ((2, 1), (3, 2)):
        share = joint.sum(axis=tuple(k for k in range(3) if k != place))
        plan.given_class[f"SUB{i}"] = np.tile(share, (len(shares), 1))
    by_kind = np.zeros((OTHER_KIND + 1,) * 3)
    np.add.at(by_kind, np.ix_(*(kinds(m) for m in three)), joint)
    plan.add("ROUTE1 ROUTE2 ROUTE3", ("kind1", "kind2", "kind3"), by_kind.shape, _routes(plan, by_kind))


def _substances(plan: Plan, three: list[Margin], sizes: tuple[int, ...]) -> Floats:
    """How the three substances are distributed together."""
    import numpy as np

    values = [np.array(m.values, dtype=object) for m in three]
    named = [~np.isin(v.astype(str), structure.NO_SUBSTANCE) for v in values]
    grid = np.indices(sizes)
    used = [named[i][grid[i]] for i in range(3)]
    word = [values[i][grid[i]] for i in range(3)]
    weights = np.einsum("i,j,k->ijk", *(m.shares for m in three))
    again = ((word[0] == word[1]) & used[0]) | ((word[0] == word[2]) & used[0]) | ((word[1] == word[2]) & used[1])
    gap = (~used[0] & (used[1] | used[2])) | (~used[1] & used[2])
    weights = weights * np.where(again, _repeated(plan, three), 1.0) * np.where(gap, _gaps(plan), 1.0)
    plan.computed = _computed(plan, used, word)
    constraints: list[tuple[Places, Floats]] = [(grid[i].ravel(), m.shares) for i, m in enumerate(three)]
    constraints += [(group, _shares(plan.margins[n], group)) for n, group in plan.computed.items() if n in plan.margins]
    return raked(weights.ravel(), constraints).reshape(sizes)


def _repeated(plan: Plan, three: list[Margin]) -> float:
    """Odds of naming a substance twice: what the counts by place exceed the counts of the flags by."""
    named = sum(1 - m.share(*structure.NO_SUBSTANCE) for m in three)
    flagged = sum(m.share("reported") for name, m in plan.margins.items() if name.endswith("FLG"))
    return max(float(named - flagged) / float(named), structure.NEVER)


def _gaps(plan: Plan) -> float:
    """Odds of naming a second substance but no first: what no first substance exceeds no substance at all by."""
    no_first = plan.margins["SUB1"].share(*structure.NO_SUBSTANCE)
    return max(no_first - plan.margins["ALCDRUG"].share("none"), structure.NEVER)


def _computed(plan: Plan, used: list[Any], word: list[Any]) -> dict[str, Places]:
    """What follows from the three substances, as the code of each combination: their number, alcohol, the flags."""
    import numpy as np

    alcohol = np.logical_or.reduce([w == "alcohol" for w in word])
    drugs = np.logical_or.reduce([u & (w != "alcohol") for u, w in zip(used, word, strict=True)])
    found = {"NUMSUBS": sum(u.astype(np.intp) for u in used), "ALCDRUG": alcohol + 2 * drugs.astype(np.intp)}
    meanings = {row["variable"]: row["meaning"] for row in reference.rows("tedsd/variables.csv")}
    for name in plan.margins:
        if name.endswith("FLG"):
            substance = meanings[name].removesuffix(FLAG_MEANING)
            found[name] = np.logical_or.reduce([w == substance for w in word]).astype(np.intp)
    return {name: group.ravel() for name, group in found.items()}


def _shares(margin: Margin, group: Places) -> Floats:
    """The published share of each code, by code."""
    import numpy as np

    shares = np.zeros(int(max(group.max(), *(int(c) for c in margin.codes))) + 1)
    shares[[int(c) for c in margin.codes]] = margin.shares
    return shares


def kinds(margin: Margin) -> Places:
    """The kind of each substance of a margin."""
    import numpy as np

    return np.array([KINDS.get(value, OTHER_KIND) for value in margin.values])


def injections(three: list[Margin]) -> NDArray[np.bool_]:
    """Whether a combination of three routes has an injection."""
    import numpy as np

    by_place = [np.array([v == INJECTION for v in m.values]) for m in three]
    grid = np.indices(tuple(len(m.codes) for m in three))
    return np.logical_or.reduce([of[at] for of, at in zip(by_place, grid, strict=True)])


def _routes(plan: Plan, by_kind: Floats) -> Floats:
    """How the three routes are distributed given the kinds of the substances: (kinds of three, routes of three)."""
    import numpy as np

    named = Margin("SUB", NAMED, np.ones(len(NAMED)), NAMED)
    three = [plan.margins[f"ROUTE{i}"] for i in (1, 2, 3)]
    tables = [structure.by_variable(m, m.name, named, "SUB") for m in three]
    cells = np.einsum("ijk,ia,jb,kc->ijkabc", by_kind, *(t / t.sum(axis=1, keepdims=True) for t in tables))
    sizes, routes = by_kind.shape, tuple(len(m.codes) for m in three)
    grid = np.indices(cells.shape).reshape(6, -1)
    kind = np.ravel_multi_index(grid[:3], sizes)
    constraints: list[tuple[Any, Floats]] = [(kind, by_kind.ravel())]
    constraints += [(grid[3 + i], m.shares) for i, m in enumerate(three)]
    injected = injections(three).ravel()[np.ravel_multi_index(grid[3:], routes)]
    share = plan.margins["IDU"].share("reported")
    constraints.append((injected.astype(np.intp), np.array([1 - share, share])))
    return raked(cells.ravel(), constraints).reshape(int(np.prod(sizes)), int(np.prod(routes)))
