"""Invented records: `cohort` a synthetic cohort with known truth, `tedsd` a file shaped like TEDS-D of a year."""
