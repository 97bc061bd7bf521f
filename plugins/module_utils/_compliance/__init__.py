# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssm_patch_compliance_info: reads the patch states of nodes and counts them.

May import: _aws, _files, _options, _resources, _schedules.
"""
