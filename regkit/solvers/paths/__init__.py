"""One regularization path: grid, working sets, inner solvers and certificate."""
