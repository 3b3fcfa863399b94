"""Names of the arms of a duration, which a study does not name itself."""

from __future__ import annotations

# who was in care up to the landmark, and who had left by then
STAYED, LEFT = "stayed", "left_earlier"
