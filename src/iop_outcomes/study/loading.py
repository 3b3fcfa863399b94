"""Load a study: the protocol, the cohort's file laid over it, the analyses sheet and the endpoint library.

In order: the cohort's file is found and merged over the protocol; the whole is typed; the sheet's rows for this
cohort are typed; names are checked against each other. Anything unknown is refused with the file, the line, what was
expected and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from iop_outcomes.errors import StudyError
from iop_outcomes.protocol import (
    Eligibility,
    Endpoint,
    Question,
    Study,
)
from iop_outcomes.study import agreement, names, questions, sheets, specifications, trials, variants
from iop_outcomes.study.loaded import Loaded, policy
from iop_outcomes.study.mistakes import check_keys, sentence
from iop_outcomes.study.plain_yaml import read_yaml

if TYPE_CHECKING:
    pass

Plain = dict[str, Any]


def load(config: Mapping[str, Any], files: Iterable[str | Path] = ()) -> Loaded:
    """Type and check a study.

    config: the protocol as a mapping (config.yaml after any overrides). files: the YAML files that it came from, used
    to name a line in errors. Paths are relative to the working directory. Raises StudyError.
    """
    protocol = dict(config)
    where = [Path(f) for f in files]
    name = protocol.get("cohort")
    folder = Path(str(protocol.get("cohorts", "config/cohorts")))
    cohort_file = folder / f"{name}.yaml"
    if not cohort_file.is_file():
        known = ", ".join(sorted(p.stem for p in folder.glob("*.yaml"))) or "none"
        raise StudyError(
            f"The cohort '{name}' has no file {cohort_file}. Cohorts found in {folder}: {known}. "
            "Name one of them with `cohort:` in the config (or COHORT=), or write the file; "
            "config/README.md shows how."
        )
    for file in where:
        if file.is_file():
            check_keys(file)
    own = read_yaml(cohort_file)
    names.check_own_keys(own, cohort_file)
    study = _typed(Study, _laid_over(protocol, own), [cohort_file, *where])
    if study.data:
        study = study.model_copy(update={"source": study.source.model_copy(update={"path": study.data})})
    study = _as_strict_as_its_policy(study)
    endpoints = {e.outcome: e for e in sheets.read(Endpoint, Path(study.endpoints), ("outcome",))}
    rows = sheets.read(Question, Path(study.analyses))
    names.check_cohorts(study, rows, folder)
    asked = questions.asked(study, rows)
    analyses = asked.analyses
    agreement.check(study, analyses, endpoints)
    if further := specifications.rows(study, analyses):
        agreement.check(study, (*analyses, *further), endpoints)
    eligibility = sheets.read(Eligibility, Path(study.eligibility), ("cohort", "rule"))
    names.check_cohorts(study, eligibility, folder)
    agreement.check_rules(study, eligibility)
    rules = _rules(study, eligibility)
    study, analyses = variants.expanded(study, analyses)
    analyses = (*analyses, *specifications.rows(study, analyses, variants=True))
    loaded = Loaded(study, analyses, endpoints, rules, asked.not_made)
    trials.check(loaded)
    return loaded


def _as_strict_as_its_policy(study: Study) -> Study:
    """The study with limits of people that are at least the policy's smallest cell.

    A gate that stops fewer than 10 events where the policy withholds 10 and fewer would tell the number: withheld, and
    not gated, is exactly 10. Raises StudyError for a looser rule than the policy's.
    """
    least = policy(study).minimum_count
    limits = {n: max(getattr(study.gate, n), least) for n in ("min_events", "min_stratum_people") if least > 1}
    return study.model_copy(update={"gate": study.gate.model_copy(update=limits)})


def _rules(study: Study, rows: Iterable[Eligibility]) -> tuple[Eligibility, ...]:
    """The eligibility rules of the cohort: those for all in order, a row of its own in the place of the one for all."""
    rows = list(rows)
    own = {r.rule: r for r in rows if r.cohort == study.cohort}
    common = {r.rule: own.get(r.rule, r) for r in rows if r.cohort == "*"}
    asked = (r for r in {**common, **own}.values() if r.keep != "always")
    numbers = study.population.model_dump()
    # at least 0, unknown or not, excludes nobody
    return tuple(r for r in asked if (r.value.format(**numbers), r.keep, r.unknown) != ("0", "at_least", "keep"))


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> Plain:
    """The mapping `above` laid over `below`, key by key."""
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        both = isinstance(value, Mapping) and isinstance(under, Mapping)
        merged[key] = _laid_over(under, value) if both else value  # type: ignore[arg-type]
    return merged


def _typed(shape: type[Study], content: Plain, files: list[Path]) -> Study:
    try:
        return shape.model_validate(content)
    except ValidationError as wrong:
        raise StudyError(" ".join(sentence(e, shape, files) for e in wrong.errors()[:5])) from None
