# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssm_patch_forecast_info: what the next run of each window will install, and which nodes it will reboot.

May import: _aws, _compliance, _coverage, _files, _fleet, _info, _options, _resources, _schedules.
"""
