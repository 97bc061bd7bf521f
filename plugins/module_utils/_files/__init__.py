# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes files that are replaced atomically, and rows as CSV or JSON Lines.

May import: _aws.
"""
