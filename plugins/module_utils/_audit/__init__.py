# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads who changed windows, targets, tasks and baselines from the event history of CloudTrail.

May import: _aws, _files, _options, _resources, _schedules.
"""
