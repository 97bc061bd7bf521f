# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a writing module: read, plan, apply. The only code that handles check mode.

May import: _aws, _options, _planners, _resources, _schedules, _state.
"""
