# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the modules that use the planners: read, plan, and apply unless in check mode.

May import: _aws, _options, _planners, _resources, _schedules, _state.
"""
