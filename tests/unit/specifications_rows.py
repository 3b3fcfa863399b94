"""A specification curve of the study made by hand."""

from __future__ import annotations

CHOICES = {
    "title": "Abstinence by choices", "contrast": "iop_vs_res", "outcomes": ["abstinent"], "horizon_days": [180],
    "methods": ["overlap", "matching"], "missing_rules": ["missing_is_using", "observed_only"],
}  # fmt: skip
