#!/usr/bin/env bash
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# Declare, repeat and delete the setup of the tutorial, in a simulated account. See docs/community-package.md.
set -eux

# The tests run in a copy of themselves.
root="${ANSIBLE_COLLECTIONS_PATH%%:*}/ansible_collections/patchfleet/aws"
export PYTHONPATH="$root/tests/simulator:${PYTHONPATH:-}"
variables="@$root/playbooks/vars/patch_server_environment.yml"

python "$root/tools/simulator.py" run --port 0 -- bash -eux -c "
  ansible-playbook patchfleet.aws.setup -e $variables --check | tee checked
  ansible-playbook patchfleet.aws.setup -e $variables | tee created
  ansible-playbook patchfleet.aws.setup -e $variables | tee repeated
  ansible-playbook patchfleet.aws.teardown -e $variables | tee deleted
  grep 'Would create 2 windows' checked
  grep 'Created 2 windows' created
  grep 'changed=0' repeated
  grep 'Deleted 2 windows' deleted
"
