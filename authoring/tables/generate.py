"""Generates tables from AWS's service models: the names of events (`events.txt`), their fields (`fields.bin`), and the
resource types that AWS Config records (`config_types.txt`, the enum `ResourceType` of AWS Config).

The models are part of the Python package botocore, which AWS maintains. Download the package with
`pip download --no-deps botocore==1.44.8`, unpack it, and run `generate.py FOLDER/botocore/data`.

A line of `events.txt` contains an `eventSource` without `.amazonaws.com`, and the names of its operations. CloudTrail
uses either the prefix of the endpoint or the signing name of a service as `eventSource`. If they differ, the table
contains a line for each of them.

`fields.bin` begins with an index, which has one line for each source (`source offset length`) and ends with an empty
line. A zlib stream for each source follows. The lines of a stream are:

* `O operation input output`: an operation, with the numbers of its input and output structures (`-` for none)
* `S number member:type ...`: a structure; `!` after the name of a member means that the member is required
* `E number value ...`: an enum

The types are: `s` string, `i` integer, `d` number, `b` boolean, `t` time, `x` bytes, `[type` list, `{type` map, `#n`
structure n, `%n` a value of enum n, `j` any value. `fields.bin` does not contain operations that only read.
"""

import gzip
import json
import re
import sys
import zlib
from collections import defaultdict
from pathlib import Path

READS = re.compile(r"(Get|List|Describe|Search|Head|Query|Scan|BatchGet|Lookup|Select|View|Simulate|Estimate)[A-Z]")
SCALARS = {
    "string": "s", "character": "s", "integer": "i", "long": "i", "float": "d", "double": "d", "boolean": "b",
    "timestamp": "t", "blob": "x",
}


def model(path):
    return json.loads(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes())


def sources(service):
    metadata = service["metadata"]
    return {metadata["endpointPrefix"], metadata.get("signingName", metadata["endpointPrefix"])}


class Service:
    """The structures and enums of one service, numbered in the order of their first use."""

    def __init__(self, service):
        self.shapes = service["shapes"]
        self.wire = service["metadata"]["endpointPrefix"] in ("ec2", "s3")
        self.numbers, self.lines, self.enums = {}, [], {}

    def type(self, name):
        shape = self.shapes[name]
        kind = shape["type"]
        if kind == "structure":
            return f"#{self.structure(name)}" if shape.get("members") or not shape.get("document") else "j"
        if kind == "list":
            return "[" + self.type(shape["member"]["shape"])
        if kind == "map":
            return "{" + self.type(shape["value"]["shape"])
        values = shape.get("enum", [])
        if kind == "string" and values and not any(" " in value for value in values):
            if name not in self.enums:
                self.enums[name] = len(self.enums)
                self.lines.append(" ".join([f"E {self.enums[name]}", *sorted(values)]))
            return f"%{self.enums[name]}"
        return SCALARS[kind]

    def structure(self, name):
        if name not in self.numbers:
            self.numbers[name] = number = len(self.numbers)
            shape = self.shapes[name]
            required = set(shape.get("required", []))
            members = []
            for member, target in shape.get("members", {}).items():
                # EC2 and S3 record the names of the wire protocol, not the names of the model.
                key = target.get("locationName", member) if self.wire else member
                members.append(f"{key}{'!' if member in required else ''}:{self.type(target['shape'])}")
            self.lines.append(" ".join([f"S {number}", *members]))
        return self.numbers[name]

    def operation(self, name, operation):
        ends = [operation.get(end, {}).get("shape") for end in ("input", "output")]
        described = [str(self.structure(end)) if end else "-" for end in ends]
        self.lines.append(" ".join(["O", name, *described]))


def main():
    names, streams = defaultdict(set), defaultdict(list)
    for path in sorted(Path(sys.argv[1]).glob("*/*/service-2.json*")):
        service = model(path)
        writes = Service(service)
        for name, operation in sorted(service["operations"].items()):
            if not READS.match(name):
                writes.operation(name, operation)
        newest = path.parent == max(path.parent.parent.iterdir())
        for source in sources(service):
            names[source].update(service["operations"])
            # CloudTrail still records the names of older API versions. Their fields come from the newest version.
            if newest and writes.lines:
                streams[zlib.compress("\n".join(writes.lines).encode(), 9)].append(source)
    folder = Path(__file__).parent
    events = "".join(" ".join([source, *sorted(found)]) + "\n" for source, found in sorted(names.items()))
    (folder / "events.txt").write_text(events)
    recorded = sorted(model(max(Path(sys.argv[1]).glob("config/*/service-2.json*")))["shapes"]["ResourceType"]["enum"])
    (folder / "config_types.txt").write_text("".join(f"{kind}\n" for kind in recorded))
    index, data = [], b""
    for stream, found in streams.items():
        index += [f"{source} {len(data)} {len(stream)}\n" for source in sorted(found)]
        data += stream
    (folder / "fields.bin").write_bytes("".join(sorted(index)).encode() + b"\n" + data)


main()
