# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares what is declared with what was read, and returns changes and steps. Pure.

May import: _aws, _options, _resources, _schedules, _state.
"""
