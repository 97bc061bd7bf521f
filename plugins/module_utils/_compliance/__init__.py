# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssm_patch_compliance_info: reads the patch states of nodes and counts them.

May import: _files, _resources and what they import.
"""
