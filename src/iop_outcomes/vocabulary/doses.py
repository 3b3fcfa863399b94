"""Doses of care by the week: where the hours of a week come from, and what was told of use in it."""

from __future__ import annotations

from iop_outcomes.vocabulary.answers import MISSING
from iop_outcomes.vocabulary.testing import NEGATIVE, POSITIVE

# hours that were attended, hours that were scheduled where nobody reports sessions, a week out of care
OF_SESSIONS, OF_STAYS, OUT_OF_CARE = "sessions", "stays", "out_of_care"
SOURCES = (OF_SESSIONS, OF_STAYS, OUT_OF_CARE)
# of a week in which a test was due: a week without one has none of them
TOLD_OF_USE = (NEGATIVE, POSITIVE, MISSING)

# people by their weeks in care, as they are counted: each has sessions; some have none, which is no care attended;
# nobody reports sessions where and when the person was treated
ATTENDED_ALL, ATTENDED_SOME, NOT_REPORTED = "attended_every_week", "weeks_without_sessions", "not_reported"
LABELS = {
    ATTENDED_ALL: "Sessions in every week of care",
    ATTENDED_SOME: "Some weeks of care without a session, read as no hours",
    NOT_REPORTED: "No sessions reported by the site in that period: scheduled hours stand in",
}
