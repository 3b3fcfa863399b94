"""A study: its files loaded, typed, and held against each other."""
