# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small AWS Systems Manager service for tests: JSON 1.1 over loopback HTTP, or in process."""

from ssmsim.simulator import Simulator

__all__ = ["Simulator"]
