"""Make the comparison that the README and the guide show: its picture and its table.

    python docs/make_pictures.py

Run it when `python -m regkit compare` prints something else than the README does.
"""

from pathlib import Path

from regkit import compare_regularizers, load_diabetes_interactions
from regkit.commands.compare import render

TITLE = "diabetes progression with quadratic terms"
HERE = Path(__file__).parent
README = HERE.parent / "README.md"
PICTURE = HERE / "images" / "compare_diabetes.png"
BEGIN = "<!-- comparison: written by `python docs/make_pictures.py` -->\n"
END = "<!-- end of the comparison -->\n"


def main() -> None:
    """Compare, draw, and put the table between its two marks."""
    diabetes = load_diabetes_interactions()
    options = {"feature_names": diabetes.feature_names}
    comparison = compare_regularizers(diabetes.data, diabetes.target, **options)
    PICTURE.parent.mkdir(exist_ok=True)
    comparison.save_figure(PICTURE, dpi=130)
    block = f"```text\n{render(TITLE, comparison)}\n```\n"
    text = README.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    README.write_text(f"{head}{BEGIN}\n{block}\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
