# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the user declares, and what the account holds: the two inputs of the planners.

May import: _aws, _options, _resources, _schedules.
"""
