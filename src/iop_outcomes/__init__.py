"""Compare intensive outpatient with inpatient and residential care for substance use, from records to report."""

__version__ = "0.1.0"
