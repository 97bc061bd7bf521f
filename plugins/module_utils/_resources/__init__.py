# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of resources: their options as data, and the rules between options.

May import: _aws, _options, _schedules.
"""
