"""Constants of screening that the walks of one path and of three share."""

# At most this many columns enter a working set at a time, or twice the present ones.
BATCH = 100
# Share of the columns that are undecided from which on the correlations of all are
# computed: the residual is then remembered, and later ones are combinations of it.
MANY = 0.2
# Rounding of a correlation, beside the column's length and the residual's.
ROUNDED_SUM = 1e-14
# A norm is enlarged by this factor, so that rounding errors never make a bound too low.
ENLARGED = 1.000001
# Share of the threshold by which a correlation may exceed it and count as met.
EXCESS = 1e-12
