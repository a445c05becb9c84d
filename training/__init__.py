"""Labels, cut-offs, data sets, fitting, evaluation, the gate and tracking."""
