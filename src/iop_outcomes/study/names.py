"""Names that a study may not give: those that stand for something else in the results, or that another name would meet.

Results are keyed by names: an arm called `difference` would be the difference of the arms, a contrast called `all`
every contrast. Contrasts and cohorts are names of folders as well. `check` refuses the first such name, and says why.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from pathlib import Path

from iop_outcomes.errors import StudyError
from iop_outcomes.protocol import Analysis, Arm, Contrast, Eligibility, Endpoint, Question, Study, comparisons
from iop_outcomes.study import variants
from iop_outcomes.vocabulary.endpoints import EVENTS
from iop_outcomes.vocabulary.kind import ROOMS
from iop_outcomes.vocabulary.measures import OF

# what stands beside the arms of a comparison, and instead of one
ARMS = {of: f"stands for {meaning}" for of, meaning in OF.items()} | {
    "both": "stands for both arms together",
    "neither": "stands for people in no arm",
}
COMPARISONS = {"all": "stands for all comparisons together"}
ANALYSES = {
    "cohort": "is the description of the cohort",
    "design": "is the design of a contrast",
    "records": "is the description of the records",
}
# what the table retention follows beside events
FOLLOWED = re.compile(r"index|care|continuum|care_gap_\d+")
# names of devices, which Windows lets no file or folder bear
DEVICES = re.compile(r"con|prn|aux|nul|com\d|lpt\d")


def check(study: Study, rows: Iterable[Analysis], endpoints: Mapping[str, Endpoint]) -> None:
    """Raise StudyError for the first name that may not be given."""
    file = f"{study.cohorts}/{study.cohort}.yaml"
    said = next((w for w in (*_folders(study), *_comparisons(study), *_arms(study)) if w), None)
    if said:
        raise StudyError(f"{file}, {said}")
    for row in rows:
        if row.analysis in ANALYSES:
            raise StudyError(
                f"{study.analyses}: an analysis of cohort '{row.cohort}' is named '{row.analysis}', which "
                f"{ANALYSES[row.analysis]} in the results. Give it another name."
            )
    for endpoint in endpoints.values():
        if endpoint.kind in EVENTS and FOLLOWED.fullmatch(endpoint.outcome):
            raise StudyError(
                f"{study.endpoints}: the outcome '{endpoint.outcome}' of the kind {endpoint.kind} has the name of what "
                "is followed in care (index, care, continuum, care_gap_...). Give it another name."
            )


def _folders(study: Study) -> Iterator[str]:
    for what, name in (("cohort", study.cohort), *(("contrasts", c) for c in study.contrasts)):
        if DEVICES.fullmatch(name):
            yield f"{what}: '{name}' is the name of a device on Windows, and no folder can have it. Give another name."


def _comparisons(study: Study) -> Iterator[str]:
    for room in ROOMS:
        for name in getattr(study, room):
            if name in COMPARISONS:
                yield f"{room}: '{name}' {COMPARISONS[name]} in the results. Give another name."
    taken = {name for name, _ in comparisons(study)}
    for name, contrast in study.contrasts.items():
        if contrast.variant_of is not None:
            yield f"contrasts.{name}: `variant_of` is set by the workflow. Leave it out; `classifiers` asks for it."
        for classifier in contrast.classifiers:
            copy = variants.name_of(name, classifier)
            if copy in taken:
                yield (
                    f"contrasts.{name}: its repetition under the classifier '{classifier}' is named '{copy}', as "
                    "another comparison is. Give one another name."
                )


def _arms(study: Study) -> Iterator[str]:
    for name, contrast in study.contrasts.items():
        for arm in _sides(contrast):
            if arm.name in ARMS:
                yield f"contrasts.{name}: an arm is named '{arm.name}', which {ARMS[arm.name]}. Give another name."
        yield from _alike(name, contrast)
    for name, asked in study.strategies.items():
        for side in asked.sides:
            if side.name in ARMS:
                yield f"strategies.{name}: one is named '{side.name}', which {ARMS[side.name]}. Give another name."


def _alike(name: str, contrast: Contrast) -> Iterator[str]:
    """Arms that a reader, or a record, could not tell apart."""
    for one, other in combinations(_sides(contrast), 2):
        if _plain(one.label) == _plain(other.label):
            yield f"contrasts.{name}: two arms have the label '{one.label}'. Give each a label of its own."
        shared = {_plain(v) for v in one.values} & {_plain(v) for v in other.values}
        if shared:
            yield (
                f"contrasts.{name}: the value '{sorted(shared)[0]}' belongs to two arms, '{one.name}' and "
                f"'{other.name}', written in two ways (capitals, blanks). Decide on one arm."
            )


def _sides(contrast: Contrast) -> tuple[Arm, ...]:
    return (contrast.first, contrast.second, *contrast.further_arms)


def _plain(text: str) -> str:
    """A text without what a reader would not take for a difference."""
    return " ".join(text.split()).casefold()


def check_own_keys(own: Mapping[str, object], file: Path) -> None:
    """A cohort's file does not say which cohort it is, where its file lies, or what DATA= is for."""
    asked = {"cohort": "the file's own name tells it", "cohorts": "it is for config.yaml", "data": "name `source.path`"}
    for key, instead in asked.items():
        if key in own:
            raise StudyError(
                f"{file}: `{key}` has no place in a cohort's file, where it would overrule what the command line says: "
                f"{instead}. Leave it out."
            )


def check_cohorts(study: Study, rows: Iterable[Question | Eligibility], folder: Path) -> None:
    """A row whose cohort has no file, and nearly the name of this one, was meant for it."""
    for row in rows:
        near = difflib.get_close_matches(row.cohort, [study.cohort], 1, 0.75)
        if near and row.cohort != study.cohort and not (folder / f"{row.cohort}.yaml").is_file():
            sheet = study.analyses if isinstance(row, Question) else study.eligibility
            raise StudyError(
                f"{sheet}: a row is of the cohort '{row.cohort}', which has no file in {folder}. Did you mean "
                f"'{study.cohort}'? Correct the column cohort, or remove the row."
            )
