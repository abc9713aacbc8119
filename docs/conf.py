"""Configuration of the documentation: ``sphinx-build -W --keep-going docs out``.

Needs no network, neither to build nor to read: formulas become MathML, the theme brings
its own fonts, and the search runs in the browser.
"""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_ext")]
os.environ.setdefault("MPLBACKEND", "Agg")

from api_links import write_inventory  # noqa: E402

import regkit  # noqa: E402

project = "regkit"
author = "The regkit developers"
copyright = author  # noqa: A001
version = release = regkit.__version__

extensions = [
    "api_links",
    "docstrings",
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.viewcode",
    "sphinx_gallery.gen_gallery",
    "mathml",
]
if find_spec("sphinx_copybutton") is not None:  # of the extra "docs"
    extensions.append("sphinx_copybutton")
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
# The inventory is made of the installed package, since a build needs no network.
inventory = write_inventory(HERE / "_build" / "inventories" / "sklearn.inv")
intersphinx_mapping = {"sklearn": ("https://scikit-learn.org/stable", str(inventory))}
exclude_patterns = ["_build", "auto_examples/**/*.ipynb", "auto_examples/**/*.py"]
templates_path = ["_templates"]
html_static_path = ["_static"]
html_css_files = ["regkit.css"]

# ------------------------------------------------------------------------- pages

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
html_math_renderer = "mathml"
suppress_warnings = ["ref.term"]  # scikit-learn's docstrings point to its own glossary

# --------------------------------------------------------------------------- API

autosummary_generate = True
autodoc_typehints = "none"  # types stand in the docstrings, in words
autodoc_member_order = "groupwise"
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

# ------------------------------------------------------------------------ gallery

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"plot_",
    "within_subsection_order": "gallery_order.ReadingOrder",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "image_scrapers": ("matplotlib",),
    "remove_config_comments": True,
    "show_signature": False,
    "write_computation_times": False,
    "min_reported_time": 10**6,  # what it was when others used the machine says little
    # Displays are drawn, not printed.
    "capture_repr": (),
}

# --------------------------------------------------------------------------- look

html_theme = "pydata_sphinx_theme"
html_title = f"regkit {version}"
html_show_sourcelink = False
html_context = {"default_mode": "auto"}
html_theme_options = {
    "logo": {"text": f"regkit {version}"},
    "navbar_end": ["theme-switcher"],
    "navbar_align": "left",
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "header_links_before_dropdown": 5,
}
# Where the repository is, only who publishes knows: the workflow of the site says it.
if repository := os.environ.get("REGKIT_REPOSITORY"):
    html_theme_options["github_url"] = repository
# Pages without pages below them have nothing to navigate.
html_sidebars: dict[str, list[str]] = {
    page: []
    for page in (
        "install",
        "tour",
        "how_it_works",
        "benchmarks",
        "changelog",
        "coming_from_*",
    )
}
