"""What designs and judges take of the options of a path."""

DESIGN_OPTIONS = ("sample_weight", "standardize", "fit_intercept")


def stated(penalty, options):
    """Say to a judge what a penalty is, and the offset where there is one."""
    return {
        "l1_ratio": penalty.l1_ratio,
        "penalty_factor": penalty.factor,
        "bounds": (penalty.lower, penalty.upper),
        "offset": options.get("offset"),
    }


def take_design_options(options):
    """Remove those of the design from a path's options, and return them."""
    return {key: options.pop(key) for key in DESIGN_OPTIONS if key in options}
