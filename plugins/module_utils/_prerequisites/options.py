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
        Option("name", f"The name of the {noun}. Either O(name) or O(arn) is required."),
        Option("arn", f"The ARN of an existing {noun}. The module uses it and does not change it."),
        Option(
            "existing",
            existing or f"Use the existing {noun} with this name. The module neither changes nor deletes it.",
            type="bool",
        ),
        Option("state", f"Whether the {noun} exists. Mutually exclusive with O(arn) and O(existing).", choices=_STATES),
    )


def _tagged(noun: str) -> tuple[Option, ...]:
    return (
        Option(
            "tags",
            f"The tags of the {noun}. Tag keys that begin with C(aws:) or C(patchfleet:) are reserved.",
            type="dict",
        ),
        Option(
            "purge_tags",
            "Whether to remove tags that are not listed in O(tags). The default is V(true).",
            type="bool",
        ),
    )


_ROLE: tuple[Option, ...] = (
    *_identified("role"),
    Option(
        "path",
        "The path of the role, with a slash at both ends. The default is V(/). IAM cannot change the path of an"
        " existing role.",
    ),
    Option("description", "The description of the role."),
    Option(
        "permissions_boundary",
        "The ARN of the managed policy to use as the permissions boundary of the role. An empty string removes the"
        " boundary.",
    ),
    *_tagged("role"),
)
SERVICE_ROLE: tuple[Option, ...] = (
    *_ROLE,
    Option(
        "task_types",
        "The types of the tasks that the role runs. The default is V(RUN_COMMAND).",
        type="list",
        elements="str",
        choices=TASK_TYPES,
    ),
    Option(
        "documents",
        "The names or ARNs of the documents that the role can send. The default is V(AWS-RunPatchBaseline) and"
        " V(AWS-RunPatchBaselineWithHooks).",
        type="list",
        elements="str",
    ),
    Option(
        "runbooks", "The names or ARNs of the runbooks that V(AUTOMATION) tasks start.", type="list", elements="str"
    ),
    Option(
        "lambda_functions",
        "The names or ARNs of the functions that V(LAMBDA) tasks invoke.",
        type="list",
        elements="str",
    ),
    Option(
        "state_machines",
        "The names or ARNs of the state machines that V(STEP_FUNCTIONS) tasks start.",
        type="list",
        elements="str",
    ),
    Option(
        "pass_roles",
        "The ARNs of roles that tasks pass to a service, such as the role that a runbook assumes.",
        type="list",
        elements="str",
        no_log=False,
    ),
    Option(
        "policy_statements",
        "Additional statements for the policy of the role, in the format of IAM. An V(Allow) statement must name"
        " its actions and resources. It cannot allow all actions of a service, use C(NotAction) or C(NotResource),"
        " or allow C(iam:PassRole) or C(sts:AssumeRole) on a resource with a wildcard.",
        type="list",
        elements="dict",
    ),
)
NOTIFICATION_ROLE = _ROLE
NOTIFICATION_TOPIC: tuple[Option, ...] = (
    *_identified("topic"),
    Option("display_name", "The display name of the topic, which subscribers see."),
    Option(
        "kms_key",
        (
            "The alias, ID or ARN of the KMS key that encrypts the messages. The default is V(alias/aws/sns). An"
            " empty string means no key.",
            "EventBridge cannot use the AWS managed key. If you also declare a rule, specify a customer managed key"
            " with a key policy that allows C(events.amazonaws.com) to call C(kms:Decrypt) and"
            " C(kms:GenerateDataKey).",
            "For an existing topic, specify its current key, so that the notification role can use it.",
        ),
        no_log=False,
    ),
    *_tagged("topic"),
)
DATA_SYNC: tuple[Option, ...] = (
    Option(
        "prefix",
        "The key prefix that the syncs write to. By default there is none. It must not be below the prefix of the"
        " output, where objects expire.",
    ),
    Option(
        "accounts",
        "The IDs of the accounts whose syncs can write to the bucket, as 12 digits in quotes. The default is the"
        " account of the bucket.",
        type="list",
        elements="str",
    ),
    Option(
        "organization_id",
        "The ID of the organization in AWS Organizations whose syncs can write to the bucket. Mutually exclusive"
        " with O(accounts). The syncs must be shared with the organization, as with the option"
        " O(ignore:organization).",
    ),
)
OUTPUT_BUCKET: tuple[Option, ...] = (
    *_identified("bucket"),
    Option(
        "prefix",
        "The key prefix of the output, to use as O(ignore:output_s3_prefix) of the tasks. The default is"
        " V(patching). Nodes can write only below this prefix, and only objects below it expire. It must not be"
        " empty for a bucket that the module creates or changes.",
    ),
    Option(
        "kms_key",
        (
            "The ARN of the KMS key that encrypts the objects. By default, S3 encrypts objects with S3 managed keys.",
            "The instance profiles of the nodes need C(kms:GenerateDataKey) on the key.",
        ),
        no_log=False,
    ),
    Option(
        "writer_roles",
        (
            "The names or ARNs of the roles in the instance profiles of the nodes.",
            "A node writes the output of a command with the permissions of its instance profile, not with those of"
            " the service role.",
        ),
        type="list",
        elements="str",
    ),
    Option(
        "expiration_days",
        "The number of days after which output expires. The default is V(90). With V(0), output does not expire.",
        type="int",
    ),
    Option(
        "data_sync",
        "Allow resource data syncs to write to the bucket, such as those of"
        " M(patchfleet.aws.ssm_resource_data_sync). By default, they cannot.",
        type="dict",
        suboptions=DATA_SYNC,
    ),
    *_tagged("bucket"),
)
EVENTS_RULE: tuple[Option, ...] = (
    *_identified("rule"),
    Option("description", "The description of the rule."),
    Option(
        "events",
        "The events to send. The default is all events.",
        type="list",
        elements="str",
        choices=EVENTS,
    ),
    Option(
        "detail_types",
        "The C(detail-type) values of the events to send, as EventBridge names them. Mutually exclusive with"
        " O(events).",
        type="list",
        elements="str",
    ),
    *_tagged("rule"),
)
OPTIONS: tuple[Option, ...] = (
    Option(
        "state",
        (
            "V(present) creates and updates the declared resources.",
            "V(absent) deletes all declared resources that have the tag of this setup, except those with"
            " O(ignore:arn) or O(ignore:existing). From a resource that the module took over, it removes only what"
            " it added.",
            "The module never empties a bucket. A bucket with objects is kept, and the result says so.",
        ),
        choices=_STATES,
        default="present",
    ),
    Option(
        "setup",
        "The name of the setup that owns the resources. The module stores it in the tag C(patchfleet:setup).",
        default=DEFAULT_SETUP,
    ),
    Option(
        "take_over",
        "Change existing resources that do not have the tag of this setup. The module keeps other statements and"
        " rules in their policies. With V(false), the module fails for such a resource.",
        type="bool",
        default=False,
    ),
    Option(
        "service_role",
        "The IAM role that runs the tasks of maintenance windows, to use as their O(ignore:service_role_arn).",
        type="dict",
        suboptions=SERVICE_ROLE,
    ),
    Option(
        "notification_role",
        "The IAM role that Run Command assumes to publish to the topic, to use as O(ignore:role_arn) in the"
        " O(ignore:notification) of a task. The service role can pass it.",
        type="dict",
        suboptions=NOTIFICATION_ROLE,
    ),
    Option(
        "notification_topic",
        "The SNS topic that commands and the rule publish to.",
        type="dict",
        suboptions=NOTIFICATION_TOPIC,
    ),
    Option(
        "output_bucket",
        "The S3 bucket for the output of commands, to use as O(ignore:output_s3_bucket) of the tasks.",
        type="dict",
        suboptions=OUTPUT_BUCKET,
    ),
    Option(
        "events_rule",
        "The EventBridge rule on the default event bus that sends events of Systems Manager to the topic.",
        type="dict",
        suboptions=EVENTS_RULE,
    ),
)
