"""Writes `events.txt`: which names CloudTrail's events of a service can have, from AWS's own service models.

The models are those of botocore, which AWS keeps: pip download --no-deps botocore==1.44.8, unpack, and then
generate.py FOLDER/botocore/data > events.txt

A line is an `eventSource` without `.amazonaws.com` and the operations' names. CloudTrail names a service after the
prefix of its endpoint or the name that requests are signed for; both are written where they differ.
"""

import gzip
import json
import sys
from collections import defaultdict
from pathlib import Path


def model(path):
    return json.loads(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes())


def main():
    names = defaultdict(set)
    for path in sorted(Path(sys.argv[1]).glob("*/*/service-2.json*")):
        service = model(path)
        metadata = service["metadata"]
        for source in {metadata["endpointPrefix"], metadata.get("signingName", metadata["endpointPrefix"])}:
            names[source].update(service["operations"])
    for source, operations in sorted(names.items()):
        print(source, *sorted(operations))


main()
