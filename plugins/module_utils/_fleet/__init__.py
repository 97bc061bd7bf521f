# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows, targets, patch tasks, baselines and nodes of an account, read and fitted together.

May import: _aws, _compliance, _info, _options, _resources, _schedules.
"""
