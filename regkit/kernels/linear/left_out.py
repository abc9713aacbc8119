"""Errors of rows left out, from residuals and leverages."""

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats
from regkit.kernels._jit import kernel


@kernel
def left_out_errors(
    residual: Floats,
    remaining: Floats,
    least: Floats,
    weight: Floats,
    moments: Floats,
    unsure: NDArray[np.bool_],
) -> bool:
    """Divide residuals (m, T, A) by what remains of 1 - h (m, A), in place.

    Where less than ``least`` (A,) remains, ``unsure`` (m, A) is set and the error is 0,
    as it is for rows without weight. Adds the weighted sums of the squared errors and
    of their squares to ``moments`` (2, G, A), for each target or, where G is 1, for
    their average. Returns whether anything is unsure.
    """
    m, n_targets, n_alphas = residual.shape
    n_means = moments.shape[1]
    square = np.empty(n_alphas)
    is_unsure = False
    for i in range(m):
        left = remaining[i]
        if not weight[i] > 0.0:
            residual[i] = 0.0
            continue
        for a in range(n_alphas):
            if left[a] < least[a]:
                left[a] = np.inf
                unsure[i, a] = True
                is_unsure = True
        square[:] = 0.0
        for t in range(n_targets):
            error = residual[i, t]
            for a in range(n_alphas):
                error[a] /= left[a]
                square[a] += error[a] * error[a]
            if n_means == n_targets or t == n_targets - 1:
                share = 1.0 if n_means == n_targets else 1.0 / n_targets
                first, second = moments[0, t % n_means], moments[1, t % n_means]
                for a in range(n_alphas):
                    mean = share * square[a]
                    first[a] += weight[i] * mean
                    second[a] += weight[i] * mean * mean
                    square[a] = 0.0
    return is_unsure
