# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the variables of roles and playbooks before their first task: names, types, values, and rules between them.

May import: _options, _readings, _resources.
"""
