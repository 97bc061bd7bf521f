# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads windows, targets, patch tasks, baselines and nodes of an account, and relates them to each other.

May import: _aws, _compliance, _info, _options, _resources, _schedules.
"""
