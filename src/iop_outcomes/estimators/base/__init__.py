"""What every estimator stands on: arrays, rows, labels, an estimate and what is inferred from it."""
