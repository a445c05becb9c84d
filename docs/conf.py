"""How `make docs` builds the site: pages in Markdown, the front door's reference from its docstrings."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import holdfast

project = "Holdfast"
author = "The Holdfast authors"
project_copyright = "2026, The Holdfast authors"
release = version = holdfast.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["conf.py"]
myst_heading_anchors = 3
napoleon_google_docstring = False
napoleon_use_rtype = False
autodoc_typehints = "none"  # the docstrings say the types in words
autodoc_member_order = "bysource"

html_theme = "alabaster"  # its style and script come with it: the site asks nobody for anything
html_theme_options = {"description": "Who will stop buying, and what to do about it", "page_width": "70rem"}
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False
