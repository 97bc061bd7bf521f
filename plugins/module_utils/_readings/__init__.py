# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data of a report: readings of accounts, how they are merged, excepted, counted and evaluated, and their history.

May import: _compliance, _schedules.
"""
