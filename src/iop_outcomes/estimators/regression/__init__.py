"""Generalised linear, multinomial and clustered models, and imputation by them."""
