# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manages resource data syncs, which copy inventory and compliance data of an account and Region to a bucket.

May import: _aws, _options, _schedules.
"""
