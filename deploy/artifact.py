"""Checks built functions: the Lambda runtime provided.al2023 can load them, and their size is within the limit.

artifact.py FOLDER...
"""

import hashlib
import io
import re
import sys
import zipfile
from pathlib import Path

# The glibc version of provided.al2023. Source: Amazon Linux 2023 User Guide, "Core glibc packages".
GLIBC = (2, 34)
# The maximum size of an archive that is uploaded directly, in bytes. Source: AWS Lambda Developer Guide, "Lambda
# quotas".
ARCHIVE = 50 * 1024 * 1024


def needs(binary):
    """Returns the newest glibc version that a binary requires."""
    found = re.findall(rb"\0GLIBC_(\d+)\.(\d+)", binary)
    return max((int(major), int(minor)) for major, minor in found)


def main():
    failed = False
    for folder in map(Path, sys.argv[1:]):
        binary = (folder / "bootstrap").read_bytes()
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
            for file in sorted(folder.rglob("*")):
                if file.is_file():
                    zipped.writestr(str(file.relative_to(folder)), file.read_bytes())
        glibc, size = needs(binary), len(archive.getvalue())
        digest = hashlib.sha256(binary).hexdigest()
        print(f"{folder}: {len(binary):,} bytes, {size:,} zipped, glibc {glibc[0]}.{glibc[1]}, sha256 {digest}")
        if glibc > GLIBC:
            limit = f"{GLIBC[0]}.{GLIBC[1]}"
            print(
                f"{folder}: the function needs glibc {glibc[0]}.{glibc[1]}, but provided.al2023 has glibc {limit}; "
                f"build the function on a system with glibc {limit} or older"
            )
            failed = True
        if size > ARCHIVE:
            print(f"{folder}: the archive has {size:,} bytes; AWS Lambda accepts at most {ARCHIVE:,} bytes")
            failed = True
    sys.exit(failed)


main()
