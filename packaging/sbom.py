#!/usr/bin/env python3
"""The bill of materials of a release, as SPDX 2.3 in JSON: what is in the tarball, with versions and licences."""

import argparse
import datetime
import hashlib
import json
import os
import subprocess
from pathlib import Path

# What is linked into the program, by its name in Package.resolved, with its licence.
SWIFT = {
    "swift-argument-parser": "Apache-2.0 WITH Swift-exception",
    "swift-atomics": "Apache-2.0 WITH Swift-exception",
    "swift-collections": "Apache-2.0 WITH Swift-exception",
    "swift-system": "Apache-2.0 WITH Swift-exception",
    "swift-nio": "Apache-2.0",
    "yams": "MIT",
}
# What may be bundled, by Debian source package. Copyright files of the packages have the details.
DEBIAN = {
    "ffmpeg": "LGPL-3.0-or-later",
    "openssl": "Apache-2.0",
    "dav1d": "BSD-2-Clause",
    "zlib": "Zlib",
    "bzip2": "bzip2-1.0.6",
    "openblas": "BSD-3-Clause",
    "sqlite3": "blessing",
    "freetype": "FTL",
    "libpng1.6": "libpng-2.0",
    "brotli": "MIT",
    "gcc-12": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "libxcb": "X11",
    "libxau": "X11",
    "libxdmcp": "X11",
    "libbsd": "BSD-3-Clause",
    "libmd": "BSD-3-Clause",
    "libxml2": "MIT",
    "icu": "Unicode-3.0",
    "xz-utils": "LicenseRef-PublicDomain",
}


def package(name, version, licence, download="NOASSERTION", purl=None, comment=None):
    entry = {
        "SPDXID": "SPDXRef-Package-" + "".join(c if c.isalnum() or c in ".-" else "-" for c in name),
        "name": name,
        "versionInfo": version,
        "downloadLocation": download,
        "filesAnalyzed": False,
        "licenseConcluded": licence,
        "licenseDeclared": licence,
        "copyrightText": "NOASSERTION",
    }
    if purl:
        entry["externalRefs"] = [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}
        ]
    if comment:
        entry["comment"] = comment
    return entry


def digests(path):
    data = path.read_bytes()
    return [
        {"algorithm": name, "checksumValue": hashlib.new(name.lower(), data).hexdigest()} for name in ("SHA1", "SHA256")
    ]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--tree", type=Path, required=True, help="the unpacked tarball")
    parser.add_argument("--bundled", type=Path, required=True, help="name, package, version, source of each library")
    parser.add_argument("--version", required=True)
    arguments = parser.parse_args()

    date = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc)
    packages = [package("dfer", arguments.version, "MIT", comment="Program, pipelines and weights.")]
    for pin in json.loads((arguments.root / "Package.resolved").read_text())["pins"]:
        name, version = pin["identity"], pin["state"]["version"]
        address = pin["location"].removesuffix(".git")
        packages.append(
            package(
                name,
                version,
                SWIFT[name],
                f"git+{address}.git@{pin['state']['revision']}",
                f"pkg:swift/{address.removeprefix('https://')}@{version}",
                "Linked into the program.",
            )
        )
    swift = subprocess.run(["swift", "--version"], capture_output=True, text=True, check=True).stdout
    swift = swift.split("Swift version ", 1)[1].split()[0]
    packages.append(
        package(
            "swift",
            swift,
            "Apache-2.0 WITH Swift-exception",
            comment="Standard library, Foundation with ICU (Unicode-3.0) and Dispatch, in the program or beside it.",
        )
    )
    sources = {}
    for line in arguments.bundled.read_text().splitlines():
        library, _, version, source = line.split("\t")
        sources.setdefault((source, version), []).append(library)
    for (source, version), libraries in sorted(sources.items()):
        if source == "swift":
            packages[-1]["comment"] += f" Bundled as {', '.join(sorted(libraries))}."
            continue
        if source not in DEBIAN:
            raise SystemExit(f"sbom: no licence is known for {source} ({', '.join(libraries)}): add it to DEBIAN")
        changed = " Built again without its GPL parts." if source == "ffmpeg" else ""
        packages.append(
            package(
                source,
                version,
                DEBIAN[source],
                purl=f"pkg:deb/debian/{source}@{version}?arch=source",
                comment=f"Bundled as {', '.join(sorted(libraries))}.{changed}",
            )
        )
    files = []
    for path in sorted(p for p in arguments.tree.rglob("*") if p.is_file()):
        name = path.relative_to(arguments.tree).as_posix()
        files.append(
            {
                "SPDXID": f"SPDXRef-File-{len(files)}",
                "fileName": "./" + name,
                "checksums": digests(path),
                "licenseConcluded": "NOASSERTION",
                "licenseInfoInFiles": ["NOASSERTION"],
                "copyrightText": "NOASSERTION",
            }
        )
    # SPDX 2.3, 7.9: the SHA-1 of all files' SHA-1, sorted.
    sums = "".join(sorted(f["checksums"][0]["checksumValue"] for f in files))
    packages[0]["filesAnalyzed"] = True
    packages[0]["packageVerificationCode"] = {"packageVerificationCodeValue": hashlib.sha1(sums.encode()).hexdigest()}
    main_id = packages[0]["SPDXID"]
    relations = [("SPDXRef-DOCUMENT", "DESCRIBES", main_id)]
    relations += [(main_id, "CONTAINS", entry["SPDXID"]) for entry in packages[1:] + files]
    content = hashlib.sha256("".join(f["checksums"][1]["checksumValue"] for f in files).encode()).hexdigest()
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": arguments.tree.name,
        # Names the content, so that equal builds have equal documents.
        "documentNamespace": f"https://spdx.org/spdxdocs/{arguments.tree.name}-{content[:32]}",
        "creationInfo": {
            "created": date.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "creators": ["Organization: dfer", "Tool: packaging/sbom.py"],
        },
        "packages": packages,
        "files": files,
        "relationships": [
            {"spdxElementId": a, "relationshipType": kind, "relatedSpdxElement": b} for a, kind, b in relations
        ],
        "hasExtractedLicensingInfos": [
            {"licenseId": "LicenseRef-PublicDomain", "extractedText": "In the public domain.", "name": "Public domain"}
        ],
    }
    print(json.dumps(document, indent=1))


if __name__ == "__main__":
    main()
