"""The normal, t, chi-squared and F distributions, as `scipy.stats` computes them, from `scipy.special` alone.

`scipy.stats` takes longer to import than all else that most steps import together. Values are the same to the last
digit; degrees of freedom that are not positive give NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special


class norm:
    """The standard normal distribution."""

    @staticmethod
    def cdf(x: Any) -> Any:
        """P(X <= x)."""
        return special.ndtr(x)

    @staticmethod
    def sf(x: Any) -> Any:
        """P(X > x)."""
        return special.ndtr(-np.asarray(x, dtype=float))

    @staticmethod
    def ppf(p: Any) -> Any:
        """The quantile at p."""
        return special.ndtri(p)


class t:
    """Student's t distribution; with infinite degrees of freedom, the normal one."""

    @staticmethod
    def sf(x: Any, degrees: Any) -> Any:
        """P(X > x)."""
        return special.stdtr(degrees, -np.asarray(x, dtype=float))

    @staticmethod
    def ppf(p: Any, degrees: Any) -> Any:
        """The quantile at p, 0 < p < 1."""
        return special.stdtrit(degrees, p)


class chi2:
    """The chi-squared distribution."""

    @staticmethod
    def sf(x: Any, degrees: Any) -> Any:
        """P(X > x)."""
        return special.chdtrc(_positive(degrees), np.maximum(x, 0.0))

    @staticmethod
    def ppf(p: Any, degrees: Any) -> Any:
        """The quantile at p."""
        return 2 * special.gammaincinv(_positive(degrees) / 2, p)


class f:
    """The F distribution."""

    @staticmethod
    def sf(x: Any, above: Any, below: Any) -> Any:
        """P(X > x) with degrees of freedom above and below the line."""
        return special.fdtrc(_positive(above), _positive(below), np.maximum(x, 0.0))


def _positive(degrees: Any) -> Any:
    degrees = np.asarray(degrees, dtype=float)
    return np.where(degrees > 0, degrees, np.nan)[()]
