# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration of the documentation site, which `make docs` builds with Sphinx from copies of the guides."""

from __future__ import annotations

project = "patchfleet.aws"
copyright = "Patchfleet contributors"  # noqa: A001 - the name that Sphinx reads
html_title = "patchfleet.aws"
html_short_title = "patchfleet.aws"

extensions = ["myst_parser", "sphinx_antsibull_ext"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
myst_heading_anchors = 4
# The guides use the dialect of the forges: tables, autolinks, and nothing that only Sphinx understands.
myst_enable_extensions = []

html_theme = "sphinx_ansible_theme"
html_show_sphinx = False
html_copy_source = False
html_use_index = False
html_theme_options = {"display_version": True, "collapse_navigation": True, "vcs_pageview_mode": ""}
pygments_style = "ansible"
highlight_language = "text"

nitpicky = True
# The site loads nothing while it is built, so references to the documentation of Ansible stay text.
suppress_warnings = ["ref.ref", "ref.envvar"]
