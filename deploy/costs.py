"""Estimates the monthly cost of the stack in the audit account from list prices and volumes.

costs.py [NAME=VALUE...]    for example: costs.py accounts=40 changes=500

Each NAME is a key of VOLUMES. To use other prices, edit PRICES.
"""

import sys

# In US dollars, for the Region us-east-1, from the price pages of AWS. Free tiers are not included.
PRICES = {
    "event_to_another_account": 1.00 / 1e6,
    "sqs_request": 0.40 / 1e6,
    "lambda_request": 0.20 / 1e6,
    "lambda_gb_second": 0.0000166667,
    "s3_put": 0.005 / 1e3,
    "s3_get": 0.0004 / 1e3,
    "s3_gb_month": 0.023,
    "sns_publish": 0.50 / 1e6,
    "sns_email": 2.00 / 1e5,
    "kms_key": 1.00,
    "kms_request": 0.03 / 1e4,
    "metric": 0.30,
    "alarm": 0.10,
    "dashboard": 3.00,
    "log_gb": 0.50,
    "trace": 5.00 / 1e6,
}

VOLUMES = {
    "accounts": 10,
    "changes": 200,  # events per account and day that a policy matches
    "findings": 2,  # findings per account and day
    "families": 2,  # enabled remediator families
    "months": 12,  # months for which evidence has been stored
}

SECONDS = 30 * 86_400


def month(volumes):
    """Returns the items of a monthly bill, the most expensive first."""
    p = PRICES
    v = {**VOLUMES, **volumes}
    changes = v["accounts"] * v["changes"] * 30
    findings = v["accounts"] * v["findings"] * 30
    queues = 1 + v["families"]
    # AWS Lambda polls each queue with five connections. Each poll waits for 20 seconds.
    polls = queues * 5 * SECONDS / 20
    # A finding causes two writes: the record and its announcement mark. A remediation causes twelve writes.
    puts = findings * (2 + 12)
    gets = findings * 20 + SECONDS / 60 * queues
    evaluations = changes / 2
    # An evaluation takes 15 microseconds (measured). Most of the billed time is spent waiting for S3 and SNS.
    gb_seconds = evaluations * 0.1 * 0.5 + findings * 5 * 0.25
    parts = {
        "CloudWatch metrics, alarms and dashboard": (
            (12 + 2 * v["families"]) * p["metric"] + (6 + 5 * v["families"]) * p["alarm"] + p["dashboard"]
        ),
        "EventBridge, from account to account": changes * p["event_to_another_account"],
        "SQS": (changes * 3 + findings * 3 + polls) * p["sqs_request"],
        "Lambda": (evaluations + findings) * p["lambda_request"] + gb_seconds * p["lambda_gb_second"],
        "S3": puts * p["s3_put"] + gets * p["s3_get"] + findings * v["months"] * 14 * 4e3 / 1e9 * p["s3_gb_month"],
        "SNS": findings * 2 * (p["sns_publish"] + p["sns_email"]),
        "KMS": p["kms_key"] + (puts + findings * 4) * p["kms_request"],
        "Logs": (evaluations * 1.5e3 + findings * 10e3) / 1e9 * p["log_gb"],
        "X-Ray": evaluations * 0.05 * p["trace"],
    }
    return sorted(parts.items(), key=lambda part: -part[1])


def table(*columns):
    """Returns a Markdown table with one bill per column."""
    bills = [dict(month(column)) for column in columns]
    heads = [f"{column['accounts']:g} accounts" for column in columns]
    lines = ["| | " + " | ".join(heads) + " |", "|---|" + "---:|" * len(columns)]
    for name in bills[-1]:
        lines.append(f"| {name} | " + " | ".join(f"${bill[name]:,.2f}" for bill in bills) + " |")
    lines.append("| **a month** | " + " | ".join(f"**${sum(bill.values()):,.2f}**" for bill in bills) + " |")
    return "\n".join(lines)


def main():
    asked = dict(argument.split("=", 1) for argument in sys.argv[1:])
    unknown = set(asked) - set(VOLUMES)
    if unknown:
        sys.exit(f"unknown name: {', '.join(sorted(unknown))}; use one of {', '.join(VOLUMES)}")
    asked = {name: float(value) for name, value in asked.items()}
    if asked:
        print(table({"accounts": 10, **asked}))
    else:
        print(table({"accounts": 10}, {"accounts": 300}))


main()
