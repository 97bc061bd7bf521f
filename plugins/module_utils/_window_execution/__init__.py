# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssm_window_execution_info: reads one execution of a window node by node, and waits until it has ended.

May import: _aws, _info, _options, _patch_run, _resources, _schedules, _summary.
"""
