# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns rings into baselines and maintenance windows, and decides which gated ring can open. Pure functions.

May import: _options, _resources, _schedules.
"""
