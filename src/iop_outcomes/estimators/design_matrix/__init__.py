"""Covariates as columns of a model: categories as codes, splines."""
