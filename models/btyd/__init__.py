"""Buy-till-you-die models: closed-form baselines, features per cut-off, extrapolation where history is short.

`BetaGeometric` (BG/NBD and MBG/NBD), `ParetoNBD` and `GammaGamma` share one shape: `fit` takes one row per customer
(repeat orders, time of the last order, age, all counted from the first order in one unit of time), never fails on a
degenerate log, and returns a frozen value whose state is JSON.
"""

from models.btyd.gamma_gamma import GammaGamma
from models.btyd.geometric import BetaGeometric
from models.btyd.pareto import ParetoNBD

__all__ = ["BetaGeometric", "GammaGamma", "ParetoNBD"]
