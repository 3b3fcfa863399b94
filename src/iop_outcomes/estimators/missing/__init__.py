"""Missing states imputed in the order of time, differences bounded, and pattern mixtures."""
