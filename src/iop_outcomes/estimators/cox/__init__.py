"""Models of hazards, and their tests."""
