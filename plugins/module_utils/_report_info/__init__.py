# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssm_patch_report_info: reads the data for the report of an account and Region in one process, each node once.

May import: _aws, _compliance, _coverage, _files, _fleet, _info, _options, _schedules.
"""
