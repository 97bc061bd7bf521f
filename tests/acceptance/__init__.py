# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What others publish about these resources, as scenarios: acceptance tests of another tool, documented examples."""
