"""One module per step: cohort, design and estimators brought together into rows of the results tables."""
