"""The order of the examples in the gallery: as a reader would take them."""

_FIRST = (
    "plot_overfitting",
    "plot_house_prices",
    "plot_penalty_geometry",
    "plot_diabetes_path",
    "plot_choosing_alpha",
    "plot_correlated_columns",
    "plot_more_columns_than_rows",
    "plot_pipeline_search",
    "plot_dropout",
    "plot_uncertainty",
)
_LAST = ("plot_coming_from_scikit_learn", "plot_coming_from_glmnet")


class ReadingOrder:
    """Key by which sphinx-gallery sorts the files of a folder."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __call__(self, filename: str) -> tuple[int, str]:
        """Give the place of an example; those not named stand in the middle."""
        name = filename.removesuffix(".py")
        if name in _FIRST:
            return _FIRST.index(name), name
        after = _LAST.index(name) + 1 if name in _LAST else 0
        return len(_FIRST) + after, name
