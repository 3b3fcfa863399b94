"""Two proportions beside each other."""
