"""Ridge: direct solvers, bases for all alphas, leave-one-out and passes over rows."""
