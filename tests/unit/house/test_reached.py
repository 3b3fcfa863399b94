"""Every estimator is reached by a step, the command line or the library, or is named here with what will ask for it.

A definition is reached where the body of a reached one names it, in this module or through an import, wherever the
import stands; annotations and imports for the type checker do not count. Roots are all definitions of the modules that
rules name, of `cli`, and of the library's surface. Of a module of `estimators/` none of whose functions is reached the
module is named in UNREACHED, of any other the public functions. The list may only become shorter.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import syntax

import iop_outcomes
from iop_outcomes import library
from iop_outcomes.figures import TITLES
from iop_outcomes.sources import MODULES

ROOT = Path(iop_outcomes.__file__).parent
PACKAGE = "iop_outcomes"
RULES = Path("workflow/rules")

# what no step reaches yet, with the capability that will ask for it
UNREACHED: dict[str, str] = {
    # abstinence: published endpoints, and missing tests told honestly
    "causal.effects.aipw": "abstinence where answers are missing at random given what was recorded",
    "regression.glm.logistic": "models of weekly screens: pooled logistic regression of a negative one",
    "regression.glm.poisson": "models of weekly screens: modified Poisson, ratios of shares",
    # dose: strategies of duration and intensity
    "cox.cause_models": "completion and dropout modelled apart, for strategies of duration",
    "cox.standardised_curves": "curves had everyone followed one strategy",
    "survival.cumulative_hazard": "hazards by cause for transitions between levels of care",
    "survival.cuminc.time_lost": "days of care lost to each way of leaving",
    # is it no worse: verdict, modifiers, sites, multiplicity
    "base.inference.equivalence": "non-inferiority and equivalence of adjusted estimates",
    "base.inference.interval": "limits on the scale of a margin",
    "base.inference.simultaneous": "limits that hold for all modifiers at once",
    "base.inference.single_step": "interaction tests within a family",
    "causal.weights.group_means": "means that the weights stand for, in the table of who is compared against who came",
    "two_by_two.equivalence.means": "means against a margin, of papers that print them",
    "two_by_two.power.design_effect": "the size that a trial of sites would take",
    "two_by_two.power.events_for_hazard_ratio": "the size that an inconclusive verdict would take",
    "two_by_two.power.events_for_margin": "the size that an inconclusive verdict would take",
    "cox.logrank": "curves of modifiers compared by a test, within sites",
    "survival.gray": "ways of leaving compared by a test, between modifiers",
    "survival.pseudo.pseudo_regression": "modifiers of days in care",
    "survival.pseudo.pseudo_values": "modifiers of days in care",
    # the report: pictures
    "cox.proportionality.effect_over_time": "a hazard ratio over time as a picture beside the score test",
    "survival.limits": "median days in care with their limits, on the first page",
    # the quarterly report
    "survival.concordance": "how well the risk model of the charts orders people",
    "two_by_two.stratified": "this quarter against the last within sites (Mantel-Haenszel)",
    # a national file, quarters and sites
    "base.cells.collapse": "models of a national file with few coarse covariates, from cells of people alike",
    "causal.coded_balance": "balance of a national file from codes",
    "cox.grouped.predicted_incidence": "incidence between the borders of lengths of stay that are intervals",
    "survival.whole_curve": "whole curves of a national file from sums by cells",
}

# a module, and a name within it; '' for what stands outside all definitions, WHOLE where the module itself is a value
Node = tuple[str, str]
WHOLE = "*"
# what is called of a step, of a figure, of a source
CALLED = ("run", "draw", "files", "read", "")
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass
class Module:
    """uses: names that each definition reads, with those after a dot. imported: what a name stands for. functions: of
    its definitions, those that are no classes.
    """

    uses: dict[str, set[tuple[str, ...]]] = field(default_factory=dict)
    imported: dict[str, tuple[str, ...]] = field(default_factory=dict)
    functions: set[str] = field(default_factory=set)


def _file(parts: tuple[str, ...]) -> Path | None:
    place = ROOT.joinpath(*parts)
    return next((p for p in (place.with_suffix(".py"), place / "__init__.py") if p.is_file()), None)


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """What runs: nothing for the type checker, no annotations; of a.b.c the whole and not a."""
    yield node
    if _dotted(node):
        return
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns") or (
            isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        ):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _running(child)


def _dotted(node: ast.AST) -> tuple[str, ...]:
    """('a', 'b') of a.b, () of what is no name."""
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return (*before, node.attr) if before else ()
    return (node.id,) if isinstance(node, ast.Name) else ()


def module(tree: ast.Module) -> Module:
    """What a module defines, and what its definitions name."""
    found = Module()
    for node in _running(tree):
        if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] == PACKAGE:
            parts = tuple(str(node.module).split("."))[1:]
            found.imported |= {a.asname or a.name: (*parts, a.name) for a in node.names}
    for statement in tree.body:
        if isinstance(statement, DEFINITIONS[:2]):
            found.functions.add(statement.name)
        own = statement.name if isinstance(statement, DEFINITIONS) else ""
        found.uses.setdefault(own, set()).update(_dotted(n) for n in _running(statement))
    for statement in tree.body:  # what a decorator of ours takes up is called by whoever made the decorator
        if isinstance(statement, DEFINITIONS):
            by = {_dotted(n)[:1] for d in statement.decorator_list for n in ast.walk(d)} - {()}
            if any(name in found.uses or name in found.imported for (name,) in by):
                found.uses.setdefault("", set()).add((statement.name,))
    found.uses.setdefault("", set())
    return found


def modules() -> dict[str, Module]:
    return {name_of(p): module(syntax.tree(p)) for p in sorted(ROOT.rglob("*.py"))}


def _resolved(parts: tuple[str, ...], house: dict[str, Module]) -> Node | None:
    """The definition behind a dotted name within the package, through modules that pass it on."""
    for at in range(len(parts), -1, -1):
        name, rest = ".".join(parts[:at]), parts[at:]
        if name in house and (at or len(parts) == 1):
            if not rest:
                return name, WHOLE
            passed = house[name].imported.get(rest[0])
            if passed and rest[0] not in house[name].uses:
                return _resolved((*passed, *rest[1:]), house)
            return name, rest[0] if rest[0] in house[name].uses else ""
    return None


def _next(node: Node, house: dict[str, Module]) -> Iterator[Node]:
    """What a definition names; whoever reaches one has run what stands outside all of them."""
    name, own = node
    yield name, ""
    if own == WHOLE:
        yield from ((name, every) for every in house[name].uses)
    for parts in house[name].uses.get(own, ()):
        if not parts:
            continue
        if parts[0] in house[name].uses:
            yield name, parts[0]
        if parts[0] in house[name].imported:
            found = _resolved((*house[name].imported[parts[0]], *parts[1:]), house)
            if found is not None:
                yield found


def reached(roots: set[Node], house: dict[str, Module]) -> set[Node]:
    """All definitions that the roots name, directly or not."""
    seen: set[Node] = set()
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting.extend(_next(node, house))
    return seen


def steps() -> set[str]:
    """The modules that rules name, and those that they call by a name that stands in no import."""
    text = "\n".join(p.read_text(encoding="utf-8") for p in sorted(RULES.glob("*.smk")))
    named = set(re.findall(r'\*\*step\(\s*"([\w.]+)"', text))
    named |= {f"analyses.{name}" for name in re.findall(r'\*\*analysis\("(\w+)"\)', text)}
    return named | {f"figures.{name}" for name in TITLES} | {m.removeprefix(f"{PACKAGE}.") for m in MODULES.values()}


def roots(house: dict[str, Module]) -> set[Node]:
    """Where a run begins: what the runner calls of a step, all of `cli` and of the runner, the library's surface."""
    called = {(name, own) for name in steps() for own in CALLED if own in house[name].uses}
    whole = {(name, own) for name in ("cli", "steps.runner") for own in house[name].uses}
    surface = {_resolved(("library", name), house) for name in library.__all__}
    return called | whole | {node for node in surface if node is not None}


def unreached(found: set[Node], house: dict[str, Module]) -> set[str]:
    """Modules of estimators of which nothing is reached, and public functions of the others that are not."""
    names = set()
    for name, own in house.items():
        if not name.startswith("estimators.") or not own.functions:
            continue
        public = {n for n in own.functions if not n.startswith("_")}
        left = {n for n in public if (name, n) not in found}
        short = name.removeprefix("estimators.")
        names |= {short} if not any(node[0] == name for node in found) else {f"{short}.{n}" for n in left}
    return names


HOUSE = modules()


def test_every_estimator_is_reached_or_named() -> None:
    left = unreached(reached(roots(HOUSE), HOUSE), HOUSE)
    assert sorted(left - set(UNREACHED)) == [], "reached by no step: wire it, or name here what will ask for it"
    assert sorted(set(UNREACHED) - left) == [], "reached, or gone: take it off the list"
    assert all(UNREACHED.values())


def test_steps_are_found_in_the_rules_and_begin_somewhere() -> None:
    assert {"analyses.retention", "analyses.abstinence", "analyses.dose", "design", "release", "report"} <= steps()
    assert steps() <= set(HOUSE)
    assert all(any((name, own) in roots(HOUSE) for own in CALLED if own) for name in steps())


def house(**texts: str) -> dict[str, Module]:
    return {name.replace("__", "."): module(ast.parse(text)) for name, text in texts.items()}


def test_what_runs_reaches_what_it_names_and_nothing_else() -> None:
    own = house(
        step=(
            "from iop_outcomes.a import b as c\n"
            "from iop_outcomes import a\n"
            "if TYPE_CHECKING:\n"
            "    from iop_outcomes.estimators.typed import Fit\n"
            "def run(x: Fit):\n"
            "    from iop_outcomes.estimators.lazy import late\n"
            "    late(c)\n"
            "def idle():\n"
            "    from iop_outcomes.estimators.gone import never\n"
            "    never()\n"
        ),
        a="from iop_outcomes.estimators import passed\ndef b():\n    passed.on()\n",
        estimators__typed="class Fit: ...\ndef make(): ...\n",
        estimators__lazy="def late():\n    _inner()\ndef _inner(): ...\ndef alone(): ...\n",
        estimators__gone="def never(): ...\n",
        estimators__passed="def on(): ...\ndef _own(): ...\n",
    )
    found = reached({("step", "run")}, own)
    assert {("estimators.lazy", "_inner"), ("estimators.passed", "on")} <= found
    assert unreached(found, own) == {"typed", "lazy.alone", "gone"}


def test_a_module_as_a_value_and_a_decorator_reach_all_that_they_may_call() -> None:
    own = house(
        step="from iop_outcomes.estimators import one, two\ndef run(x):\n    (one if x else two.held)()\n",
        estimators__one="def read(): ...\n",
        estimators__two="TABLE = []\ndef listed(f): TABLE.append(f)\n@listed\ndef kept(): ...\ndef held(): ...\n",
    )
    assert unreached(reached({("step", "run")}, own), own) == set()
