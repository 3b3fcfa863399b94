"""What became of a number: it is there, or why it is not, in the words of tables, sentences and figures."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Status:
    """label: in a table, in place of the number. said: within a sentence, with the reason. drawn: in a figure."""

    name: str
    label: str = ""
    said: str = "not available"
    drawn: str = ""


OK, ROUNDED, BETWEEN, SUPPRESSED = "ok", "rounded", "between", "suppressed"
GATED = "gated"
# how true a released count is
TOLD = {
    OK: "exact",
    ROUNDED: "rounded, to what the row says",
    BETWEEN: "told as a range",
    SUPPRESSED: "withheld",
}

_ROWS = (
    Status("ok"),
    Status(GATED, "Stopped by the gate", "not shown ({reason})", "not shown"),
    Status("not_possible", "Not possible with these data", "not possible ({reason})", "not possible"),
    Status("suppressed", "Withheld to protect people", "withheld ({reason})", "withheld"),
    Status("disputed", "Disputed: computed twice, and the two do not agree", "disputed ({reason})", "disputed"),
)
STATUSES = {row.name: row for row in _ROWS}

# of what an arm has too few for an estimate; the last tells not which
EVENTS, WITHOUT, EITHER = "events", "people without the event", "events or people without one"


def too_few(least: int, what: str, arm: str) -> str:
    """Why a row is gated. what: one of the three above."""
    return f"fewer than {least} {what} in the arm '{arm}'"
