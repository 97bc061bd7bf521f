# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The requirements of all modules and plugins. The fragment of amazon.aws names an older Python."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragment for modules and plugins."""

    DOCUMENTATION = r"""
options: {}
requirements:
  - python >= 3.11
  - boto3 >= 1.34.0
  - botocore >= 1.34.0
"""
