# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""patch_prerequisites: the roles, topic, bucket and rule that a setup uses.

May import: _aws, _options, _resources.
"""
