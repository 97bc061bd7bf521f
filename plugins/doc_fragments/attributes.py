# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Predicts what a run would do, in the same shape, and calls nothing that writes.
    support: full
  diff_mode:
    description: Returns a list of differences, one for each resource that changes.
    support: full
  idempotent:
    description: A second run with the same options finds nothing to do.
    support: full
  action_group:
    description:
      - Use C(group/patchfleet.aws.aws) or C(group/patchfleet.aws.all) in C(module_defaults) to set connection
        options.
    support: full
    membership:
      - patchfleet.aws.aws
      - patchfleet.aws.all
"""
    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    description: Only reads, so that check mode and a run are the same.
    support: full
  diff_mode:
    description: Changes nothing, so that there is no difference to show.
    support: N/A
  idempotent:
    description: Changes nothing.
    support: full
  action_group:
    description:
      - Use C(group/patchfleet.aws.aws) or C(group/patchfleet.aws.all) in C(module_defaults) to set connection
        options.
    support: full
    membership:
      - patchfleet.aws.aws
      - patchfleet.aws.all
"""
    RUN_MODULE = r"""
options: {}
attributes:
  check_mode:
    description: Names the instances that a run would reach, and sends nothing.
    support: full
  diff_mode:
    description: A run is no change of a resource, so that there is no difference to show.
    support: N/A
  idempotent:
    description: Each run is a new one.
    support: none
  async:
    description: Supports being run with the C(async) keyword.
    support: full
  action_group:
    description:
      - Use C(group/patchfleet.aws.aws) or C(group/patchfleet.aws.all) in C(module_defaults) to set connection
        options.
    support: full
    membership:
      - patchfleet.aws.aws
      - patchfleet.aws.all
"""
