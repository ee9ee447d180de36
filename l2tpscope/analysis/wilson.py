"""wilson: a 95 % interval for a share counted from a sample, that is honest for small ones."""

from __future__ import annotations

from math import sqrt

Z = 1.959964
"""Of the normal distribution, for 95 %."""


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """Lower and upper end of the interval for hits / trials.

    *Bias*: assumes that packets are lost independently of each other; losses in bursts make the true interval wider.
    *Source*: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209.
    """
    if trials <= 0:
        return 0.0, 1.0
    share = hits / trials
    spread = Z * Z / trials
    centre = (share + spread / 2) / (1 + spread)
    half = Z * sqrt(share * (1 - share) / trials + spread / (4 * trials)) / (1 + spread)
    low = centre - half if hits else 0.0  # what rounding leaves of a zero would be shown as a share
    high = centre + half if hits != trials else 1.0
    return max(0.0, low), min(1.0, high)
