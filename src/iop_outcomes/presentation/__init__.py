"""How names, numbers and answers are shown, in figures and report alike."""
