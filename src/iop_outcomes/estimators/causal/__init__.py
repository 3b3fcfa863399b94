"""Scores, weights, balance, and the effects that stand on them."""
