"""The kinds of array that estimators take and give."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
Mask = NDArray[np.bool_]
Labels = Sequence[object] | NDArray[np.object_] | NDArray[np.int64]
