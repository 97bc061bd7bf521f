# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""patch_report: writes the page and the files of a report from readings, with the trend over earlier reports.

May import: _aws, _compliance, _files, _options, _readings, _schedules.
"""
