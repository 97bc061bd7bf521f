#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# The documentation of the action plugin with this name, which does the work.

from __future__ import annotations

DOCUMENTATION = r"""
module: preflight
short_description: Validate the variables of a role or playbook of this collection
version_added: 1.0.0
description:
  - Compares the variables of a role with its argument specification, or the variables of a playbook with the options
    of its module. The module fails with all errors at once. Each error names the position and the most similar valid
    name.
  - The roles and playbooks of this collection run it first. It runs on the controller and does not call AWS.
author:
  - Patchfleet contributors (@patchfleet)
options:
  role:
    description: The role whose variables to validate. Specify either O(role) or O(playbook).
    type: str
    choices: [patching, patch_prerequisites, patch_report]
  playbook:
    description: The playbook whose variables to validate.
    type: str
    choices: [patch_now, forecast, watch]
attributes:
  check_mode:
    description: The module only reads variables, so it works the same in check mode.
    support: full
  diff_mode:
    description: The module does not change anything, so there are no differences.
    support: N/A
  idempotent:
    description: The module does not change anything.
    support: full
requirements:
  - python >= 3.11
notes:
  - The module is private to this collection and can change in any release. Do not use it in your own playbooks.
seealso:
  - module: patchfleet.aws.ssm_patch_setup
  - module: patchfleet.aws.patch_prerequisites
  - module: patchfleet.aws.patch_report
"""

EXAMPLES = r"""
- name: Validate the variables of the role patching
  patchfleet.aws.preflight:
    role: patching
  register: checked
"""

RETURN = r"""
variables:
  description: The defined variables. Text values are converted to the types of the argument specification.
  returned: success
  type: dict
  sample: {patching_verify: true}
"""
