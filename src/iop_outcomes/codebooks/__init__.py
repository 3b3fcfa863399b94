"""Code books of public files: what their variables and codes are called, for whoever reads or writes such a file."""
