# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls AWS: client, concurrent jobs, errors, and whether an answer can be trusted.

May import: nothing of this collection.
"""
