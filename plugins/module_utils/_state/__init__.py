# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The declaration of the user and the content of the account, which are the two inputs of the planners.

May import: _aws, _options, _resources, _schedules.
"""
