# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of patch_prerequisites, as data."""

from __future__ import annotations

from .._options.option import Option

DEFAULT_SETUP = "patch-prerequisites"
_STATES = ("present", "absent")
TASK_TYPES = ("RUN_COMMAND", "AUTOMATION", "LAMBDA", "STEP_FUNCTIONS")
EVENTS = ("window", "command", "compliance")


def _identified(noun: str, *, existing: str = "") -> tuple[Option, ...]:
    return (
        Option("name", f"Name of the {noun}. Either this or O(arn) is required."),
        Option("arn", f"ARN of an existing {noun}, which is used and left unchanged."),
        Option(
            "existing",
            existing or f"Use the {noun} of this name as it is. It must exist, and is neither changed nor removed.",
            type="bool",
        ),
        Option("state", f"Whether the {noun} exists. Not allowed with O(arn) or O(existing).", choices=_STATES),
    )


def _tagged(noun: str) -> tuple[Option, ...]:
    return (
        Option(
            "tags",
            f"Tags of the {noun}. Keys that begin with C(aws:) or C(patchfleet:) are reserved.",
            type="dict",
        ),
        Option(
            "purge_tags",
            "Whether to remove tags that O(tags) does not name. The default is V(true).",
            type="bool",
        ),
    )


_ROLE: tuple[Option, ...] = (
    *_identified("role"),
    Option("path", "Path of the role, with a slash at both ends. The default is V(/). IAM cannot move a role."),
    Option("description", "Description of the role."),
    Option(
        "permissions_boundary",
        "ARN of the managed policy that bounds the role. An empty string removes the boundary of a role that has one.",
    ),
    *_tagged("role"),
)
SERVICE_ROLE: tuple[Option, ...] = (
    *_ROLE,
    Option(
        "task_types",
        "Types of the tasks that the role runs. The default is V(RUN_COMMAND) alone.",
        type="list",
        elements="str",
        choices=TASK_TYPES,
    ),
    Option(
        "documents",
        "Names or ARNs of the documents that the role may send. The default is V(AWS-RunPatchBaseline) and"
        " V(AWS-RunPatchBaselineWithHooks).",
        type="list",
        elements="str",
    ),
    Option("runbooks", "Names or ARNs of the runbooks that V(AUTOMATION) tasks start.", type="list", elements="str"),
    Option(
        "lambda_functions",
        "Names or ARNs of the functions that V(LAMBDA) tasks invoke.",
        type="list",
        elements="str",
    ),
    Option(
        "state_machines",
        "Names or ARNs of the state machines that V(STEP_FUNCTIONS) tasks start.",
        type="list",
        elements="str",
    ),
    Option(
        "pass_roles",
        "ARNs of roles that tasks pass on, such as the role that a runbook assumes.",
        type="list",
        elements="str",
        no_log=False,
    ),
    Option(
        "policy_statements",
        "Further statements of the role's policy, in the form of IAM. An V(Allow) names its actions and resources: not"
        " all actions of a service, no C(NotAction) or C(NotResource), and no C(iam:PassRole) or C(sts:AssumeRole) on a"
        " resource with a wildcard.",
        type="list",
        elements="dict",
    ),
)
NOTIFICATION_ROLE = _ROLE
NOTIFICATION_TOPIC: tuple[Option, ...] = (
    *_identified("topic"),
    Option("display_name", "Name that subscribers see."),
    Option(
        "kms_key",
        (
            "Alias, ID or ARN of the key that encrypts the messages. The default is V(alias/aws/sns); an empty string"
            " means no key.",
            "EventBridge cannot use that AWS managed key. With a rule, give a customer managed key whose policy allows"
            " C(events.amazonaws.com) to call C(kms:Decrypt) and C(kms:GenerateDataKey).",
            "For an existing topic, the key that it has, so that the notification role may use it.",
        ),
        no_log=False,
    ),
    *_tagged("topic"),
)
DATA_SYNC: tuple[Option, ...] = (
    Option(
        "prefix",
        "Key prefix that the syncs write below. The default is none. It must not lie below the prefix of the output,"
        " where objects expire.",
    ),
    Option(
        "accounts",
        "IDs of the accounts whose syncs may write, 12 digits in quotes. The default is the account of the bucket.",
        type="list",
        elements="str",
    ),
    Option(
        "organization_id",
        "ID of the organization in AWS Organizations whose syncs may write, instead of O(accounts). The syncs must be"
        " shared with the organization, as by the option O(ignore:organization).",
    ),
)
OUTPUT_BUCKET: tuple[Option, ...] = (
    *_identified("bucket"),
    Option(
        "prefix",
        "Key prefix of the output, for O(ignore:output_s3_prefix) of the tasks. The default is V(patching). Nodes may"
        " write below it, and only objects below it expire, so that it must not be empty for a bucket that the module"
        " creates or changes.",
    ),
    Option(
        "kms_key",
        (
            "ARN of the KMS key that encrypts the objects. By default, S3 encrypts with its own keys.",
            "The instance profiles of the nodes need C(kms:GenerateDataKey) on the key.",
        ),
        no_log=False,
    ),
    Option(
        "writer_roles",
        (
            "Names or ARNs of the roles in the instance profiles of the nodes.",
            "The node writes the output of a command with these permissions, not with those of the service role.",
        ),
        type="list",
        elements="str",
    ),
    Option(
        "expiration_days",
        "Days after which output expires. The default is V(90); V(0) keeps it.",
        type="int",
    ),
    Option(
        "data_sync",
        "Let resource data syncs write to the bucket, those of M(patchfleet.aws.ssm_resource_data_sync) for example. By"
        " default they may not.",
        type="dict",
        suboptions=DATA_SYNC,
    ),
    *_tagged("bucket"),
)
EVENTS_RULE: tuple[Option, ...] = (
    *_identified("rule"),
    Option("description", "Description of the rule."),
    Option(
        "events",
        "Events to send. The default is all of them.",
        type="list",
        elements="str",
        choices=EVENTS,
    ),
    Option(
        "detail_types",
        "The C(detail-type) values to send, as EventBridge names them, instead of O(events).",
        type="list",
        elements="str",
    ),
    *_tagged("rule"),
)
OPTIONS: tuple[Option, ...] = (
    Option(
        "state",
        (
            "With V(absent), removes everything that is declared without O(ignore:arn) and O(ignore:existing) and that"
            " carries the tag of this setup.",
            "From a resource that was taken over, only what this module added is withdrawn.",
            "A bucket that holds objects is never emptied. It stays, and the result says so.",
        ),
        choices=_STATES,
        default="present",
    ),
    Option(
        "setup",
        "Name of the setup that owns what is created, stored in the tag C(patchfleet:setup).",
        default=DEFAULT_SETUP,
    ),
    Option(
        "take_over",
        "Change resources that exist without the tag of this setup. Statements and rules of others in their policies"
        " stay. Without it, such a resource is an error.",
        type="bool",
        default=False,
    ),
    Option(
        "service_role",
        "Role that runs the tasks of maintenance windows, for their O(ignore:service_role_arn).",
        type="dict",
        suboptions=SERVICE_ROLE,
    ),
    Option(
        "notification_role",
        "Role with which Run Command publishes to the topic, for O(ignore:role_arn) in the O(ignore:notification) of a"
        " task. The service role may pass it on.",
        type="dict",
        suboptions=NOTIFICATION_ROLE,
    ),
    Option(
        "notification_topic",
        "SNS topic that commands and the rule publish to.",
        type="dict",
        suboptions=NOTIFICATION_TOPIC,
    ),
    Option(
        "output_bucket",
        "S3 bucket for the output of commands, for O(ignore:output_s3_bucket) of the tasks.",
        type="dict",
        suboptions=OUTPUT_BUCKET,
    ),
    Option(
        "events_rule",
        "EventBridge rule on the default event bus that sends events of Systems Manager to the topic.",
        type="dict",
        suboptions=EVENTS_RULE,
    ),
)
