"""Readings of a missing answer that stand on what was recorded of people: weighted by observation, imputed, moved."""
