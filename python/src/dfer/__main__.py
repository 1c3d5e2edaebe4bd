"""``python -m dfer ...`` and the ``dfer`` command of a platform wheel: the program itself."""

import os
import sys

from ._program import find_program
from .errors import ProgramNotFound


def main() -> None:
    """Becomes the program, with the same arguments."""
    try:
        program = find_program()
    except ProgramNotFound as error:
        print(f"dfer: {error}", file=sys.stderr)
        sys.exit(1)
    os.execv(program, [program, *sys.argv[1:]])


if __name__ == "__main__":
    main()
