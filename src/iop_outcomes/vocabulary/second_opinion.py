"""How headline numbers are computed twice, by two implementations."""

from __future__ import annotations

# so near each other they agree, by the size of the first
AGREE = 1e-6
# of more people than MOST a seeded sample stands for all: two implementations that agree on so many agree on more
MOST, SAMPLED, SEED = 50_000, 20_000, 20260101
