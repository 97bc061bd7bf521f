# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssm_patch_run: sends a patch command once, and waits for it.

May import: _aws, _options, _resources, _schedules.
"""
