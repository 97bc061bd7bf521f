# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resource data syncs, which copy inventory and compliance of an account and Region to a bucket.

May import: _aws, _options, _schedules.
"""
