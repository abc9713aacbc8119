"""What differs by design: patterns of tests' names, with the reasons.

"Coming from scikit-learn" tells users the same.
"""

DIFFERENCES = {
    # All classes
    r"test_(enet_float_precision|dtype_match|mlp_param_dtypes)": (
        "coefficients are float64 whatever the type of X, for gaps are certified in it"
    ),
    r"test_(enet_)?nonfinite_params": (
        "numbers whose squares overflow are refused at once, or scaled by networks"
    ),
    # Lasso and Elastic Net
    r"test_enet_toy$": "precompute is no parameter that could be set later",
    r"test_lasso_alpha_warning": "alpha=0 is solved: there is nothing to warn of",
    r"test_lasso_dual_gap": "the gap is rounding, some 1e-16 of the objective, in both",
    r"test_(sparse_)?enet_coordinate_descent(_raises_convergence)?(\[|$)": (
        "the two iterations allowed are enough"
    ),
    r"test_warm_start_convergence\[": (
        "a warm start is confirmed by one linear system, not taken for good by its gap"
    ),
    r"test_uniform_targets": (
        "a constant y gets a grid of different alphas, as every other y does"
    ),
    r"test_lasso_path_return_models": "paths have an intercept unless told otherwise",
    r"test_cv_estimators_reject_params": (
        "groups are passed to the splitter without metadata routing as well"
    ),
    # Ridge
    r"test_ridge_regression\[.*(lsqr|sparse_cg|wide.*cholesky)": (
        "solver_ names what ran: 'conjugate_gradient', 'dual_cholesky' for wide X"
    ),
    r"test_ridge_fit_intercept_sparse_error": (
        "'cholesky' takes sparse X with an intercept, and 'svd' tells why it does not"
    ),
    r"test_dense_sparse\[.*_test_ridge_loo": (
        "RidgeRegressorCV() tries a grid of 100 by the spectrum of X, not (0.1, 1, 10)"
    ),
    r"test_ridgecv_alphas_(zero\[.*None|validation\[params[01])": (
        "alpha=0 is evaluated by leave-one-out, so that only negative ones are refused"
    ),
    r"test_ridgecv_sample_weight$": "errors of held-out rows are weighted as well",
    r"test_ridge_loo_cv_asym_scoring": (
        "of alphas with equal scores, the largest is chosen, not the first"
    ),
    r"test_ridge_cv_individual_penalties": "alpha_per_target=True works with folds too",
    # Networks
    r"test_partial_fit_regression": (
        "fit validates its members on folds, partial_fit trains on all rows passed"
    ),
    r"test_shuffle": "an ensemble has the weights in estimators_, not in coefs_",
    r"test_(early_stopping|mlp_warm_start_no_convergence)\[": (
        "the schedule of the learning rate ends training, at max_iter without a warning"
    ),
    r"test_mlp_partial_fit_after_fit": "partial_fit goes on after early stopping",
    r"test_(mlp_loading_from_joblib_partial_fit|minimum_input_sample_size)": (
        "rows to validate on are taken from two rows on, and a single row has none"
    ),
    r"test_mlp_diverging_loss": "y is standardized inside: no loss is NaN",
}
