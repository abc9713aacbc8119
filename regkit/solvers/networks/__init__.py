"""Networks with dropout: their shape, training and prediction, on plain arrays."""
