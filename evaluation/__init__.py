"""How good it is: labels, cut-offs, data sets, baselines, measures, the backtest and its grade."""
