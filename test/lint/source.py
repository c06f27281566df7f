# SPDX-License-Identifier: GPL-2.0-or-later
"""Lint checks that read the sources as text; each takes a Tree and returns what it finds."""

import json
import re

ROOMS = {
    # room: the rooms whose headers it may include, besides its own
    "base": set(),
    "core": {"base"},
    "kernel": {"base", "core"},
    "process": {"base", "core"},
    "routing": {"base", "core"},
    "cloud": {"base", "core"},
    "uplink": {"base", "core"},
    "control": {"base", "core"},
    "loop": {"base", "core", "kernel", "process", "routing", "cloud", "uplink", "control"},
    "meshctl": {"base", "core", "control"},
    "main": {"base", "core", "kernel", "control", "loop"},
}
# Headers of libraries: where alone they may be included.
LIBRARIES = {
    r"ev\.h": ("src/loop/", "src/main.c", "test/kernel/"),
    r"(libmnl|libnftnl|netlink)/.*": ("src/kernel/", "test/"),
}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
SPDX = "SPDX-License-Identifier: GPL-2.0-or-later"
FILE_LINES = {".c": 500, ".h": 500, ".py": 500}
FUNCTION_LINES = 60
# Words that a function of a header may begin with, besides the names of the header, its types and
# the source file.
NOUNS = {"base/text.h": {"ifname"}}


def room_of(path):
    """The room of a file, by its path from the top; None when it is in none."""
    parts = path.split("/")
    if path == "src/main.c":
        return "main"
    if len(parts) > 2 and (parts[0] == "src" or parts[0] == "include"):
        return parts[1]
    return None


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def includes(tree, *places):
    """(path, line, bracket, name) of every include."""
    for path in tree.files(*places, suffix=(".c", ".h")):
        text = tree.read(path)
        for match in INCLUDE.finditer(text):
            yield path, line_of(text, match.start()), match.group(1), match.group(2)


def check_edges(tree):
    """Rooms include only the doors of the rooms below them."""
    found = []
    for path, line, bracket, name in includes(tree, "src", "include"):
        room = room_of(path)
        if bracket == "<":
            continue
        if name == "version.h" and path.startswith("src/"):
            continue
        target = name.split("/")[0]
        if "/" not in name:
            found.append(f'{path}:{line}: "{name}": an include spells its room')
        elif target != room and target not in ROOMS.get(room, set()):
            found.append(f"{path}:{line}: {room} may not include {name}")
        elif not tree.has(f"include/{name}") and not (
            target == room and path.startswith("src/") and tree.has(f"src/{name}")
        ):
            found.append(f"{path}:{line}: {name} is no door of {target}")
    for path in tree.files("src", "include", suffix=(".c", ".h")):
        if room_of(path) not in ROOMS:
            found.append(f"{path}: is in no room known to this check")
    return found


def check_libraries(tree):
    """Library headers are included only in the room that is theirs."""
    found = []
    for path, line, bracket, name in includes(tree, "src", "include", "test"):
        for pattern, places in LIBRARIES.items():
            if bracket == "<" and re.fullmatch(pattern, name) and not path.startswith(places):
                found.append(f"{path}:{line}: <{name}> belongs in {' or '.join(places)}")
    return found


# Sources, what builds them, and the files of a running system that can hold a comment.
SPDX_SUFFIXES = (".c", ".h", ".py", ".sh", ".in", "CMakeLists.txt", ".conf")
SPDX_SUFFIXES += tuple(f".{section}" for section in range(1, 9))


def check_spdx(tree):
    """Every source file names its licence in its first lines."""
    found = []
    for path in tree.files(suffix=SPDX_SUFFIXES) + tree.scripts():
        if SPDX not in "\n".join(tree.read(path).split("\n")[:3]):
            found.append(f"{path}:1: no line {SPDX}")
    return found


# Pages of others that ours point to. Each was seen on Debian: an unknown one is a slip or new here.
FOREIGN_PAGES = set(
    "alfred.8 babeld.8 batctl.8 bridge.8 dnsmasq.8 glob.7 ip.8 journalctl.1 nft.8 sd-daemon.3"
    " systemd.1".split()
)
MAN_REFERENCE = re.compile(r"^\.Xr (\S+) (\S+)", re.M)


def check_references(tree):
    """What a man page points to is there, in that section."""
    pages = tree.files("docs/man", suffix=tuple(f".{section}" for section in range(1, 9)))
    known = FOREIGN_PAGES | {path.split("/")[-1] for path in pages}
    found = []
    for path in pages:
        text = tree.read(path)
        for match in MAN_REFERENCE.finditer(text):
            if f"{match.group(1)}.{match.group(2)}" not in known:
                place = f"{path}:{line_of(text, match.start())}"
                found.append(f"{place}: no page is called {match.group(1)}({match.group(2)})")
    return found


def check_whitespace(tree):
    """No white space at a line's end, one line feed at the file's end."""
    found = []
    for path in tree.files():
        text = tree.read(path)
        for number, line in enumerate(text.split("\n"), 1):
            if line != line.rstrip() and not path.endswith("LICENSE"):
                found.append(f"{path}:{number}: white space at the end")
        if text and (not text.endswith("\n") or text.endswith("\n\n")):
            found.append(f"{path}: does not end in one line feed")
    return found


def check_sizes(tree):
    """Files up to 500 lines, functions up to 60."""
    found = []
    for path in tree.files("src", "include", "test", suffix=tuple(FILE_LINES)):
        limit = FILE_LINES[path[path.rindex(".") :]]
        lines = tree.read(path).split("\n")
        if len(lines) - 1 > limit:
            found.append(f"{path}: {len(lines) - 1} lines, more than {limit}")
        start = 0
        for number, line in enumerate(lines, 1):
            if line == "{":
                start = number
            elif line == "}" and start:
                if number - start - 1 > FUNCTION_LINES:
                    found.append(f"{path}:{start}: function of {number - start - 1} lines")
                start = 0
    return found


START = r"^(?!static|typedef|#)[A-Za-z_]"
DECLARATION = re.compile(START + r"[\w \t*\n]*?\b(\w+)\([^;{]*\)[^;{]*;", re.M)
DEFINITION = re.compile(START + r"[\w \t*]*[ *](\w+)\([^;{]*\)\n\{", re.M)
TYPE = re.compile(r"^\s*(?:typedef )?(?:struct|enum|union) (\w+)", re.M)
COMMENT = re.compile(r"/\*.*?\*/", re.S)


def header_names(tree, path):
    """(functions, words they may begin with) of a header."""
    text = COMMENT.sub("", tree.read(path))
    types = {name.split("_")[0] for name in TYPE.findall(text)}
    short = "/".join(path.split("/")[-2:])
    return set(DECLARATION.findall(text)), words_of(path) | types | NOUNS.get(short, set())


def words_of(path):
    """The words of a file's name: {"config", "text"} of src/core/config_text.c."""
    return set(path.split("/")[-1].rsplit(".", 1)[0].split("_"))


def check_names(tree):
    """Every exported function is declared in a header of its room and begins with a word of that
    header's or its file's name, or of a type the header names."""
    found = []
    paths = tree.files("src", "include", suffix=(".h",))
    headers = {path: header_names(tree, path) for path in paths}
    for path in tree.files("src", suffix=(".c",)):
        room = room_of(path)
        text = COMMENT.sub(lambda m: "\n" * m.group().count("\n"), tree.read(path))
        for match in DEFINITION.finditer(text):
            name, line = match.group(1), line_of(text, match.start())
            if name == "main":
                continue
            doors = [h for h in headers if name in headers[h][0] and room_of(h) == room]
            words = words_of(path).union(*(headers[door][1] for door in doors))
            if not doors:
                found.append(f"{path}:{line}: {name}() is exported and in no header of {room}")
            elif name.split("_")[0] not in words:
                found.append(f"{path}:{line}: {name}() does not begin with its module's name")
    return found


def check_guards(tree):
    """Include guards are ROOM_FILE_H."""
    found = []
    for path in tree.files("src", "include", suffix=(".h",)):
        guard = "_".join(path.split("/")[-2:]).upper().replace(".", "_")
        if f"#ifndef {guard}\n#define {guard}\n" not in tree.read(path):
            found.append(f"{path}: the guard is not {guard}")
    return found


def check_json(tree):
    """JSON files parse; the profiles and the example are what the schema asks for."""
    found = []
    for path in tree.files(suffix=(".json", ".json.example")):
        try:
            json.loads(tree.read(path), object_pairs_hook=unique_members)
        except ValueError as error:
            found.append(f"{path}: {error}")
    schema_path = "conf/meshd.schema.json"
    if found or not tree.has(schema_path):
        return found or [f"{schema_path} is missing"]
    try:
        import jsonschema  # pylint: disable=import-outside-toplevel
    except ImportError:
        return tree.skip("python3-jsonschema is not installed")
    schema = json.loads(tree.read(schema_path))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for path in tree.files("conf", suffix=(".json", ".json.example")):
        if path == schema_path:
            continue
        for error in validator.iter_errors(json.loads(tree.read(path))):
            found.append(f"{path}: {error.json_path}: {error.message}")
    return found


def unique_members(pairs):
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"member {name} twice")
    return dict(pairs)


CHECKS = {
    "edges": check_edges,
    "libraries": check_libraries,
    "names": check_names,
    "guards": check_guards,
    "sizes": check_sizes,
    "spdx": check_spdx,
    "references": check_references,
    "whitespace": check_whitespace,
    "json": check_json,
}
