"""Whom an estimate speaks for: each estimand with the words that readers see."""

from __future__ import annotations

ESTIMANDS = {
    "as_observed": "as observed",
    "ATE": "everyone",
    "ATT": "people of the first arm",
    "ATC": "people of the second arm",
    "ATO": "people for whom both were in use",
    "ATM": "people who could be matched",
    "ATEN": "people for whom both were in use, by entropy",
    "landmark": "people without the event by the landmark",
    "randomised": "everyone randomised",
}
