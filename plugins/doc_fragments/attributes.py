# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Predicts the changes and returns them in the same format, without changing anything.
    support: full
  diff_mode:
    description: Returns a diff for each resource that changes.
    support: full
  idempotent:
    description: A second run with the same options changes nothing.
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
    description: The module only reads, so it works the same in check mode.
    support: full
  diff_mode:
    description: The module does not change anything, so there are no differences.
    support: N/A
  idempotent:
    description: The module does not change anything.
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
    WAIT_INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    description: Reads the window once and waits for nothing. Fails if the window does not open.
    support: full
  diff_mode:
    description: The module does not change anything, so there are no differences.
    support: N/A
  idempotent:
    description: The module does not change anything.
    support: full
  async:
    description: Supports the C(async) keyword.
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
    description: Returns the nodes that a run would reach, but does not send a command.
    support: full
  diff_mode:
    description: The module does not change a resource, so there are no differences.
    support: N/A
  idempotent:
    description: Each run sends a new command.
    support: none
  async:
    description: Supports the C(async) keyword.
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
