# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssm_patch_coverage_info: which windows reach each node, and what prevents it from being patched.

May import: _aws, _compliance, _files, _fleet, _options, _resources, _schedules.
"""
