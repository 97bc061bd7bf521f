# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report is made of: readings of accounts, merged, without exceptions, counted, judged, and their history.

May import: _compliance, _schedules.
"""
