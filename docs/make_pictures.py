"""Make the pictures and the printed texts that the README and the tour show.

    python docs/make_pictures.py

Run it when `python -m regkit compare` prints something else than the README does. The
thumbnail of the report needs Chromium, and stays as it is without.
"""

import shutil
import subprocess
import tempfile
from contextlib import redirect_stdout
from doctest import DocTestParser
from io import StringIO
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt

from regkit import (
    LassoRegressorCV,
    compare_regularizers,
    load_diabetes_interactions,
    make_house_prices,
)
from regkit.commands.compare import render
from regkit.comparison import RegularizerComparison

HERE = Path(__file__).parent
README = HERE.parent / "README.md"
IMAGES = HERE / "images"
TITLE = "diabetes progression with quadratic terms"
COMPARISON = (
    "<!-- comparison: written by `python docs/make_pictures.py` -->\n",
    "<!-- end of the comparison -->\n",
)
EXAMPLE = (
    "<!-- example: the text is what it prints -->\n",
    "<!-- end of the example -->\n",
)


def main() -> None:
    """Compare, draw, and put texts between their marks."""
    IMAGES.mkdir(exist_ok=True)
    draw_path_and_choice()
    write_example()
    draw_tour()
    diabetes = load_diabetes_interactions()
    comparison = compare_regularizers(
        diabetes.data, diabetes.target, feature_names=diabetes.feature_names
    )
    comparison.save_figure(IMAGES / "compare_diabetes.png", dpi=130)
    replace(COMPARISON, f"\n```text\n{render(TITLE, comparison)}\n```\n\n")
    photograph(comparison)


def draw_path_and_choice() -> None:
    """Draw what the example of the README draws, side by side."""
    X, y = make_house_prices(200, n_irrelevant=30, return_X_y=True, as_frame=True)
    model = LassoRegressorCV(standardize=True, rule="1se").fit(X, y)
    figure, (left, right) = plt.subplots(1, 2, figsize=(13, 4.6), layout="constrained")
    model.path_.plot(left, X=X, alpha=model.alpha_)
    model.plot(right)
    figure.savefig(IMAGES / "path_and_choice.png", dpi=110)


def write_example() -> None:
    """Run the example of the README, and put what it prints below it."""
    text = README.read_text(encoding="utf-8")
    block = text.partition(EXAMPLE[0])[2].partition(EXAMPLE[1])[0]
    code = block.partition("```python\n")[2].partition("```")[0]
    printed = StringIO()
    with redirect_stdout(printed):
        exec(code, {})
    replace(EXAMPLE, f"\n```python\n{code}```\n\n```text\n{printed.getvalue()}```\n\n")


def draw_tour() -> None:
    """Run the code of the tour, and keep what it draws."""
    names: dict[str, Any] = {}
    kept = iter(("path", "choice", "compare"))
    text = (HERE / "tour.md").read_text(encoding="utf-8")
    with redirect_stdout(StringIO()):
        for example in DocTestParser().get_examples(text):
            exec(example.source, names)
            if example.source.startswith("display = "):
                file = IMAGES / f"tour_{next(kept)}.png"
                names["display"].figure_.savefig(file, dpi=90, bbox_inches="tight")


def replace(marks: tuple[str, str], body: str) -> None:
    """Put a text between two marks of the README."""
    text = README.read_text(encoding="utf-8")
    head, _, rest = text.partition(marks[0])
    _, _, tail = rest.partition(marks[1])
    README.write_text(f"{head}{marks[0]}{body}{marks[1]}{tail}", encoding="utf-8")


def photograph(comparison: RegularizerComparison) -> None:
    """Take a picture of the top of the report."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "report.html")
        page.write_text(comparison.to_html(TITLE), encoding="utf-8")
        subprocess.run(
            [
                *(browser, "--headless", "--no-sandbox", "--disable-gpu"),
                *("--hide-scrollbars", f"--user-data-dir={folder}/profile"),
                *("--window-size=1080,1000", f"--screenshot={IMAGES / 'report.png'}"),
                page.as_uri(),
            ],
            check=True,
            capture_output=True,
        )


if __name__ == "__main__":
    main()
