# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Contract tests: what any endpoint of Systems Manager must do, spoken through boto3 alone."""
