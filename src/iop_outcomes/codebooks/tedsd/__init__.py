"""The code book of TEDS-D: `codes` by year, and `labels` of the values."""
