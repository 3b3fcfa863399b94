"""The parts of a target trial, and what a reader is told that each is.

Hernan and Robins (2016), American Journal of Epidemiology 183:758, table 1.
"""

from __future__ import annotations

ELIGIBLE, ZERO, COMPARED, ASSIGNED = "eligibility", "time_zero", "strategies", "assignment"
FOLLOWED, OUTCOMES, CONTRASTED, PLAN = "follow_up", "outcomes", "causal_contrast", "analysis_plan"

# in the order in which a reader is told of them: label, and what the part says
PARTS = {
    ELIGIBLE: ("Eligibility", "who takes part"),
    ZERO: ("Time zero", "the day on which people are eligible, are assigned, and from which they are followed"),
    COMPARED: ("Strategies", "what is compared"),
    ASSIGNED: ("Assignment", "how people come to one or the other, and why they may be compared"),
    FOLLOWED: ("Follow-up", "from when to when people are followed"),
    OUTCOMES: ("Outcomes", "what is counted, and on which days"),
    CONTRASTED: ("Contrast", "what is contrasted, and for whom"),
    PLAN: ("Analysis", "how it is estimated"),
}
