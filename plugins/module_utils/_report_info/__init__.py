# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssm_patch_report_info: reads what a report of an account and Region needs, each node once, in one process.

May import: _aws, _compliance, _coverage, _files, _fleet, _info, _options, _schedules.
"""
