# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""patch_report: merges readings into a page, files and a gate.

May import: _aws, _compliance, _files, _options, _schedules.
"""
