"""Published files of trials and panels, each with its own layout."""
