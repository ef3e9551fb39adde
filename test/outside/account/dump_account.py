"""Prints what an account holds in one Region, as canonical JSON: to compare before and after.

The endpoint, the Region and the keys come from the environment (AWS_ENDPOINT_URL, …). Left out is what changes by
itself: points in time, random ids of the service, AWS' own roles and policies, inactive job definitions.
"""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

CONFIG = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1})
VOLATILE = {
    "ResponseMetadata",
    "CreateDate",
    "CreatedDate",
    "CreatedTimestamp",
    "LastModified",
    "LastModifiedTimestamp",
    "LastModifiedDate",
    "LastUpdatedTimestamp",
    "creationTime",
    "createdAt",
    "lastEvaluatedAt",
    "storedBytes",
    "RevisionId",
    "RoleLastUsed",
    "RoleId",
    "InstanceProfileId",
    "PolicyId",
    "ecsClusterArn",
    "uuid",
    "UUID",
    "EventSourceMappingArn",
    "Location",
    "HostId",
    "RequestId",
}


def client(service):
    return boto3.client(service, config=CONFIG)


def pages(service, operation, key, **query):
    return client(service).get_paginator(operation).paginate(**query).build_full_result().get(key, [])


def there(call, **query):
    """What a call answers; None where it says that there is none."""
    try:
        return call(**query)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if "NotFound" in code or code.startswith("NoSuch"):
            return None
        raise


def buckets():
    s3 = client("s3")
    settings = {
        "tags": s3.get_bucket_tagging,
        "policy": s3.get_bucket_policy,
        "encryption": s3.get_bucket_encryption,
        "lifecycle": s3.get_bucket_lifecycle_configuration,
        "publicAccess": s3.get_public_access_block,
        "ownership": s3.get_bucket_ownership_controls,
        "versioning": s3.get_bucket_versioning,
        "notification": s3.get_bucket_notification_configuration,
        "inventories": s3.list_bucket_inventory_configurations,
    }
    found = {}
    for bucket in s3.list_buckets()["Buckets"]:
        name = bucket["Name"]
        found[name] = {what: there(call, Bucket=name) for what, call in settings.items()}
        objects = pages("s3", "list_objects_v2", "Contents", Bucket=name)
        found[name]["objects"] = {each["Key"]: each["ETag"] for each in objects}
    return found


def queues():
    sqs = client("sqs")
    found = {}
    for url in pages("sqs", "list_queues", "QueueUrls"):
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        messages = {name for name in attributes if name.startswith("ApproximateNumber")}
        found[attributes["QueueArn"]] = {
            "attributes": {name: value for name, value in attributes.items() if name not in messages},
            "tags": sqs.list_queue_tags(QueueUrl=url).get("Tags", {}),
        }
    return found


def roles():
    iam = client("iam")
    found = {}
    for role in pages("iam", "list_roles", "Roles"):
        name = role["RoleName"]
        inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
        found[role["Arn"]] = {
            "role": iam.get_role(RoleName=name)["Role"],
            "tags": iam.list_role_tags(RoleName=name)["Tags"],
            "attached": iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"],
            "inline": {
                each: iam.get_role_policy(RoleName=name, PolicyName=each)["PolicyDocument"] for each in inline
            },
        }
    return found


def profiles():
    return by(pages("iam", "list_instance_profiles", "InstanceProfiles"), "Arn")


def policies():
    return by(pages("iam", "list_policies", "Policies", Scope="Local"), "Arn")


def repositories():
    ecr = client("ecr")
    found = {}
    for repository in pages("ecr", "describe_repositories", "repositories"):
        name, arn = repository["repositoryName"], repository["repositoryArn"]
        found[arn] = {
            "repository": repository,
            "tags": ecr.list_tags_for_resource(resourceArn=arn)["tags"],
            "lifecycle": there(ecr.get_lifecycle_policy, repositoryName=name),
            "policy": there(ecr.get_repository_policy, repositoryName=name),
            "images": pages("ecr", "list_images", "imageIds", repositoryName=name),
        }
    return found


def log_groups():
    logs = client("logs")
    found = {}
    for group in pages("logs", "describe_log_groups", "logGroups"):
        arn = group["arn"].removesuffix(":*")
        found[arn] = {"group": group, "tags": logs.list_tags_for_resource(resourceArn=arn)["tags"]}
    return found


def functions():
    lambda_ = client("lambda")
    found = {}
    for function in pages("lambda", "list_functions", "Functions"):
        arn = function["FunctionArn"]
        found[arn] = {
            "function": function,
            "tags": lambda_.list_tags(Resource=arn).get("Tags", {}),
            "policy": there(lambda_.get_policy, FunctionName=arn),
        }
    return found


def mappings():
    lambda_ = client("lambda")
    found = {}
    for mapping in pages("lambda", "list_event_source_mappings", "EventSourceMappings"):
        tags = lambda_.list_tags(Resource=mapping["EventSourceMappingArn"]).get("Tags", {})
        found[f"{mapping['EventSourceArn']} -> {mapping['FunctionArn']}"] = {"mapping": mapping, "tags": tags}
    return found


def rules():
    events = client("events")
    found = {}
    for rule in pages("events", "list_rules", "Rules"):
        found[rule["Arn"]] = {
            "rule": rule,
            "targets": events.list_targets_by_rule(Rule=rule["Name"])["Targets"],
            "tags": events.list_tags_for_resource(ResourceARN=rule["Arn"])["Tags"],
        }
    return found


def alarms():
    return by(pages("cloudwatch", "describe_alarms", "MetricAlarms"), "AlarmArn")


def security_groups():
    groups = pages("ec2", "describe_security_groups", "SecurityGroups")
    return {f"{group['VpcId']} {group['GroupName']}": group for group in groups}


def job_definitions():
    return by(pages("batch", "describe_job_definitions", "jobDefinitions", status="ACTIVE"), "jobDefinitionArn")


def domains():
    opensearch = client("opensearch")
    found = {}
    for name in [each["DomainName"] for each in opensearch.list_domain_names()["DomainNames"]]:
        status = opensearch.describe_domain(DomainName=name)["DomainStatus"]
        found[status["ARN"]] = {"domain": status, "tags": opensearch.list_tags(ARN=status["ARN"])["TagList"]}
    return found


def by(resources, key):
    return {each[key]: each for each in resources}


def plain(value):
    """The value without what is volatile, lists of tags in the order of their keys."""
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items() if name not in VOLATILE}
    if isinstance(value, list):
        items = [plain(item) for item in value]
        is_tags = all(isinstance(item, dict) and set(item) == {"Key", "Value"} for item in items)
        return sorted(items, key=lambda tag: tag["Key"]) if is_tags else items
    return value


def main():
    held = {
        "buckets": buckets(),
        "queues": queues(),
        "roles": roles(),
        "instanceProfiles": profiles(),
        "policies": policies(),
        "repositories": repositories(),
        "logGroups": log_groups(),
        "functions": functions(),
        "mappings": mappings(),
        "rules": rules(),
        "alarms": alarms(),
        "securityGroups": security_groups(),
        "launchTemplates": by(
            pages("ec2", "describe_launch_templates", "LaunchTemplates"), "LaunchTemplateName"
        ),
        "computeEnvironments": by(
            pages("batch", "describe_compute_environments", "computeEnvironments"), "computeEnvironmentArn"
        ),
        "jobQueues": by(pages("batch", "describe_job_queues", "jobQueues"), "jobQueueArn"),
        "jobDefinitions": job_definitions(),
        "domains": domains(),
    }
    json.dump(plain(held), sys.stdout, indent=1, sort_keys=True, default=str)


main()
