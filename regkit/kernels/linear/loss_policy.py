"""When Newton steps on a loss form their model anew, and what they count as rounding.

For `regkit.solvers.paths.newton_steps` and its compiled form, `loss_walk`.
"""

# A model whose chord steps leave more than this of a gap is formed anew.
WORST_CONTRACTION = 0.3
# Weights are extrapolated by so many times their change since the last alpha, ...
AHEAD = 2.0
# ... once an alpha, where that is at least this share of the last, ...
CLOSE = 0.85
# ... within these factors of their present value.
LEAST_WEIGHT, MOST_WEIGHT = 0.3, 3.0
# Rises of the objective up to this share of the null deviance are rounding errors.
RISE = 1e-12
# A step must lower the objective by this share of its square under the model, half of
# which the model says: two points of one objective would be gone to in turn.
LEAST_FALL = 1e-4
# A dual point's sum below this share of its absolute entries' sum is rounding error.
BALANCED = 1e-11
# Steps in a row that may leave more than half of the gap.
PATIENCE = 8
# Alphas that a new Gram matrix is expected to serve.
HORIZON = 3.0
# Rows may leave a Gram matrix until an entry of its diagonal has fallen by this factor.
MOST_WORN = 8.0
# ... or what the intercept leaves of it is below this share: it is then to be exact.
FAINT = 1e-10
# An alpha below this share of its predecessor is not gone to at once, where all columns
# are in the working set: none is to be found on the way.
LARGEST_DROP = 0.01
