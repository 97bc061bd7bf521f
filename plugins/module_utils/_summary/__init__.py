# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Summarizes in a few lines what a run did or would do, from the results of modules. Pure functions.

May import: _aws, _schedules.
"""
