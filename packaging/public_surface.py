#!/usr/bin/env python3
"""Counts the public symbols of the library and names those without documentation.

public_surface.py GRAPHS MODULE...    prints a line per module; exit code 1 when a symbol is not documented
"""

import json
import pathlib
import sys


def symbols(graph: pathlib.Path) -> list[dict]:
    return json.loads(graph.read_text())["symbols"]


def main() -> int:
    arguments = sys.argv[1:]
    folder, modules = pathlib.Path(arguments[0]), arguments[1:]
    total, cases, bare = 0, 0, []
    for module in modules:
        own = symbols(folder / f"{module}.symbols.json")
        for graph in folder.glob(f"{module}@*.symbols.json"):
            own += symbols(graph)
        total += len(own)
        cases += sum(symbol["kind"]["identifier"] == "swift.enum.case" for symbol in own)
        bare += [".".join([module, *symbol["pathComponents"]]) for symbol in own if not symbol.get("docComment")]
        print(f"{module}: {len(own)} public symbols")
    print(f"together: {total}, {cases} of them cases of enumerations")
    for name in bare:
        print(f"not documented: {name}")
    return 1 if bare else 0


sys.exit(main())
