"""scikit-learn's own tests, run with regkit's classes in the place of theirs."""
