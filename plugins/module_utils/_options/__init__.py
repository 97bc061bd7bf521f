# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options as data: how they are declared, compared, merged over an API answer, and limited.

May import: _aws, _schedules.
"""
