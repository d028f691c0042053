"""Sphinx configuration."""

project = "halowatch"
copyright = "2026, the halowatch authors"  # noqa: A001
extensions = ["myst_parser", "sphinx.ext.mathjax"]
source_suffix = {".md": "markdown"}
html_theme = "furo"
html_title = "halowatch"
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
suppress_warnings = ["myst.xref_missing"]
