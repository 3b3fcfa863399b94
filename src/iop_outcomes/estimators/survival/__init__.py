"""Curves and times without a model of hazards."""
