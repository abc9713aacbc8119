"""pandas, which regkit needs only where its objects are asked for."""


def require_pandas(what: str) -> None:
    """Say how to install pandas where it is missing.

    Parameters
    ----------
    what : str
        What needs it, for the message.

    Raises
    ------
    ImportError
        Where it is missing.
    """
    try:
        import pandas  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"{what} needs pandas: install it with `pip install pandas`"
        ) from error
