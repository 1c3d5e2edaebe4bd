"""What pyproject.toml cannot say: a wheel that carries the program is of one platform, and has the command ``dfer``."""

import os
import platform
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel

CARRIES_PROGRAM = (Path(__file__).parent / "src/dfer/program/bin/dfer").exists()
# The C library of Debian 12, on which the program and its libraries are built.
PLATFORM = os.environ.get("DFER_WHEEL_PLATFORM", f"manylinux_2_36_{platform.machine()}")


class BinaryDistribution(Distribution):
    """Its files belong beside each other, in the folder for code of this platform."""

    def has_ext_modules(self) -> bool:
        return CARRIES_PROGRAM


class Wheel(bdist_wheel):
    """Any Python 3 will do: the program does not know Python."""

    def get_tag(self) -> "tuple[str, str, str]":
        return ("py3", "none", PLATFORM if CARRIES_PROGRAM else "any")


setup(
    distclass=BinaryDistribution,
    cmdclass={"bdist_wheel": Wheel},
    # Without the program inside, a command of this name would hide the program that is on the search path.
    entry_points={"console_scripts": ["dfer = dfer.__main__:main"]} if CARRIES_PROGRAM else {},
)
