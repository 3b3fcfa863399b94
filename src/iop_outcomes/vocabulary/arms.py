"""Names of the sides of comparisons that a study does not name itself: of durations, and of further care."""

from __future__ import annotations

# who was in care up to the landmark, and who had left by then
STAYED, LEFT = "stayed", "left_earlier"
# who started further care within so many days of leaving, and who started none
STARTED, NOT_STARTED = "started", "not_started"
