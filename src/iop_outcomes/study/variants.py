"""Comparisons of levels of care asked again under other classifiers.

A contrast that lists `classifiers` gets a copy for each, whose arms are read from the level by the label or by
scheduled hours. Its primary adjusted rows of the sheet are copied for it, as sensitivity analyses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from iop_outcomes.protocol import Analysis, Contrast, Study
from iop_outcomes.vocabulary.levels import RULES
from iop_outcomes.vocabulary.methods import UNADJUSTED


def name_of(contrast: str, classifier: str) -> str:
    """The name of a contrast under another classifier."""
    return f"{contrast}_by_{classifier}"


def contrasts(asked: Mapping[str, Contrast]) -> dict[str, Contrast]:
    """The contrasts, each followed by its copies under other classifiers."""
    found: dict[str, Contrast] = {}
    for name, contrast in asked.items():
        found[name] = contrast
        for classifier in contrast.classifiers:
            changed = {
                "column": RULES[classifier], "classifiers": [], "required": False, "variant_of": name,
            }  # fmt: skip
            found[name_of(name, classifier)] = contrast.model_copy(update=changed)
    return found


def analyses(rows: Iterable[Analysis], study: Study) -> tuple[Analysis, ...]:
    """The rows, each primary one followed by its copies under other classifiers."""
    found = []
    for row in rows:
        found.append(row)
        contrast = study.contrasts.get(row.contrast)
        if contrast is not None and row.family == "primary" and row.method not in UNADJUSTED:
            changes = [{"contrast": name_of(row.contrast, c), "family": "sensitivity"} for c in contrast.classifiers]
            found += [row.model_copy(update={**change, "group_by": ()}) for change in changes]
    return tuple(found)


def expanded(study: Study, rows: tuple[Analysis, ...]) -> tuple[Study, tuple[Analysis, ...]]:
    """The study and its sheet with all variants in place."""
    more = analyses(rows, study)
    return study.model_copy(update={"contrasts": contrasts(study.contrasts)}), more
