# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schedule expressions and time zones of maintenance windows, both pure, and the clock.

May import: nothing of this collection.
"""
