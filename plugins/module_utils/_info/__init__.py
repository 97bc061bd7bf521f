# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The info modules: reads windows and baselines, and exports them as declarations.

May import: _aws, _options, _planners, _resources, _schedules, _state.
"""
