"""Statistics: arrays in, Estimate out. Nothing here reads a file, a config or a column name."""
