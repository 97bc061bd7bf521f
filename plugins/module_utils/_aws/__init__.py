# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls AWS: client, concurrent jobs, errors, and the validation of responses.

May import: nothing of this collection.
"""
