"""Does what the owner of a bucket does with what `rekback setup --bucket-changes print --json` printed (standard input)."""

import json
import shlex
import sys

import boto3
from botocore.config import Config

changes = json.load(sys.stdin)["bucketChanges"]
s3 = boto3.client("s3", config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}))


def argument(document, name):
    """What the printed command names."""
    words = shlex.split(document["command"])
    return words[words.index(name) + 1]


notification, inventory = changes["notification"], changes["inventory"]
s3.put_bucket_notification_configuration(
    Bucket=argument(notification, "--bucket"),
    ExpectedBucketOwner=argument(notification, "--expected-bucket-owner"),
    NotificationConfiguration=notification["json"],
)
s3.put_bucket_inventory_configuration(
    Bucket=argument(inventory, "--bucket"),
    ExpectedBucketOwner=argument(inventory, "--expected-bucket-owner"),
    Id=argument(inventory, "--id"),
    InventoryConfiguration=inventory["json"],
)
statements = changes["policy"]["bucket"]
s3.put_bucket_policy(
    Bucket=argument(notification, "--bucket"),
    Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}),
)
