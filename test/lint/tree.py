# SPDX-License-Identifier: GPL-2.0-or-later
"""The files the lint checks look at."""

import functools
import os
import pathlib

# Directories that hold nothing of ours, or what others made.
LEFT_OUT = {".git", "__pycache__", "corpus"}


class Skipped(list):
    """What a check returns that could not run; it has no findings."""

    def __init__(self, why):
        super().__init__()
        self.why = why


class Tree:
    """top: the sources; build: where they were built. Paths are texts relative to top."""

    def __init__(self, top, build):
        self.top, self.build = pathlib.Path(top).resolve(), pathlib.Path(build).resolve()

    @functools.cached_property
    def all(self):
        paths = []
        for directory, names, files in os.walk(self.top):
            names[:] = sorted(n for n in names if n not in LEFT_OUT and not n.startswith("build"))
            files = [os.path.join(directory, name) for name in sorted(files)]
            paths += [os.path.relpath(path, self.top) for path in files]
        return [path for path in paths if self._is_text(path)]

    def _is_text(self, path):
        with open(self.top / path, "rb") as file:
            return b"\0" not in file.read(4096)

    def files(self, *places, suffix=""):
        """Text files below the places (anywhere when none are given) with one of the suffixes."""
        prefixes = tuple(place + "/" for place in places)
        return [
            path
            for path in self.all
            if path.endswith(suffix) and (not prefixes or path.startswith(prefixes))
        ]

    def scripts(self):
        """Programs without a suffix, known by their first line."""
        found = [path for path in self.all if "." not in os.path.basename(path)]
        return [path for path in found if self.read(path).startswith("#!")]

    @functools.lru_cache(maxsize=None)
    def read(self, path):
        return (self.top / path).read_text(encoding="utf-8", errors="replace")

    def has(self, path):
        return (self.top / path).is_file()

    @staticmethod
    def skip(why):
        return Skipped(why)
