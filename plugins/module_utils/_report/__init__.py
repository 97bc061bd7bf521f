# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""patch_report: puts what readings say into a page and files, with the trend over earlier reports.

May import: _aws, _compliance, _files, _options, _readings, _schedules.
"""
