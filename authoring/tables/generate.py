"""Writes what AWS's own service models say of events: `events.txt`, their names, and `fields.bin`, what is in them.

The models are those of botocore, which AWS keeps: pip download --no-deps botocore==1.44.8, unpack, and then
generate.py FOLDER/botocore/data

A line of `events.txt` is an `eventSource` without `.amazonaws.com` and the operations' names. CloudTrail names a
service after the prefix of its endpoint or the name that requests are signed for; both are written where they differ.

`fields.bin` has an index, a line for each source (`source offset length`) and an empty line, and then a zlib stream for
each. A stream's lines: `O operation input output` (numbers of structures, `-` for none), `S number member:type ...`
(`!` behind the name: required) and `E number value ...`. Types: s text, i integer, d number, b truth, t time, x bytes,
[type list, {type map, #n structure, %n one of the values of an enum, j anything. Operations that only read are left out.
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
    """One service's structures and enums, numbered in the order they are met."""

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
                # EC2 and S3 record what goes over the wire.
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
            # Names of older versions of an API are still recorded; their fields are those of the newest.
            if newest and writes.lines:
                streams[zlib.compress("\n".join(writes.lines).encode(), 9)].append(source)
    folder = Path(__file__).parent
    events = "".join(" ".join([source, *sorted(found)]) + "\n" for source, found in sorted(names.items()))
    (folder / "events.txt").write_text(events)
    index, data = [], b""
    for stream, found in streams.items():
        index += [f"{source} {len(data)} {len(stream)}\n" for source in sorted(found)]
        data += stream
    (folder / "fields.bin").write_bytes("".join(sorted(index)).encode() + b"\n" + data)


main()
