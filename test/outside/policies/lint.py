"""Lints IAM policies with parliament.

Reads a JSON object {name: policy document} on standard input; writes a JSON list of
{"policy", "severity", "issue", "detail", "where"}.
"""

import json
import sys
import warnings

# parliament finds its files by pkg_resources, which setuptools warns about.
warnings.filterwarnings("ignore")

import parliament


def main():
    found = []
    for name, document in json.load(sys.stdin).items():
        analysed = parliament.analyze_policy_string(json.dumps(document), ignore_private_auditors=True)
        for finding in analysed.findings:
            finding = parliament.enhance_finding(finding)
            location = finding.location or {}
            found.append(
                {
                    "policy": name,
                    "severity": finding.severity,
                    "issue": finding.issue,
                    "detail": str(finding.detail or finding.title),
                    "where": str(location.get("string", location.get("filepath") or "")),
                }
            )
    json.dump(found, sys.stdout)


main()
