# SPDX-License-Identifier: GPL-2.0-or-later
"""Lint checks that ask a compiler or another program. Each takes a Tree and returns its findings as
lines, or tree.skip(why)."""

import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import tempfile

WORKERS = min(2, os.cpu_count() or 1)
PACKAGES = ["jansson", "libmd", "libmnl", "libnftnl", "check"]

# What the core may take from the C library: memory, texts, sorting. Nothing that reads or writes a
# descriptor, the clock, the environment or a stream.
CORE_ALLOWED = re.compile(
    r"malloc|calloc|realloc|reallocarray|free"
    r"|mem(cpy|move|set|cmp|chr|mem|pcpy)"
    r"|str(len|nlen|cmp|ncmp|casecmp|ncasecmp|chr|chrnul|rchr|str|spn|cspn|pbrk|dup|ndup|cpy|ncpy"
    r"|tol|toll|toul|toull|tod|sep|tok_r|error_r|error|errordesc_np|errorname_np)|stpcpy|stpncpy"
    r"|__isoc99_sscanf|__isoc23_\w+|sscanf|v?snprintf|v?asprintf|__v?snprintf_chk|__v?asprintf_chk"
    r"|__(mem|str|stp)\w+_chk|__stack_chk_fail|__fortify_fail"
    r"|qsort|qsort_r|bsearch|fnmatch|__ctype_(b|tolower|toupper)_loc|tolower|toupper"
    r"|inet_(ntop|pton)|ether_\w+|hton[sl]|ntoh[sl]|abort|__assert_fail|__errno_location"
    r"|json_\w+|MD5\w+|_GLOBAL_OFFSET_TABLE_|__(asan|ubsan|sanitizer)_\w+|l?round|floor|ceil"
)
# What it may not take even from the room below: the core never logs and asks nobody.
CORE_FORBIDDEN = re.compile(r"(log|exchange)_\w+")
# A line of objdump -t about a variable: its section and its name.
OBJECT_SYMBOL = re.compile(
    r" O \.(data|bss|tdata|tbss)(\.\S+)?\s+\S+\s+(?:\.hidden )?(\S+)$"
)
LIBRARIES = ("base", "core", "kernel", "process", "routing", "cloud", "uplink", "control", "loop")


def output_of(*command, **options):
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False, **options
    )
    return done.returncode, done.stdout + done.stderr


def each(function, items):
    """The findings of all items, a few at a time."""
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        return [line for lines in pool.map(function, items) for line in lines]


def symbols(archive, *kinds):
    """Names of the symbols of an archive whose nm letter is one of kinds."""
    status, text = output_of("nm", archive)
    if status:
        raise RuntimeError(text)
    lines = [line.split() for line in text.splitlines()]
    return {words[-1] for words in lines if len(words) > 1 and words[-2] in kinds}


def check_purity(tree):
    """The core library needs only what is on the allow-list."""
    core, base = tree.build / "libcore.a", tree.build / "libbase.a"
    if not core.exists() or not base.exists():
        return tree.skip(f"no {core}")
    own = symbols(core, "T", "D", "R", "B", "V", "W")
    below = {name for name in symbols(base, "T") if not CORE_FORBIDDEN.fullmatch(name)}
    wanted = symbols(core, "U") - own - below
    return [
        f"libcore.a: {name} is not on the allow-list"
        for name in sorted(wanted)
        if not CORE_ALLOWED.fullmatch(name)
    ]


def check_variables(tree):
    """No room has a variable that can change at file scope or in a function (static)."""
    found = []
    archives = [tree.build / f"lib{room}.a" for room in LIBRARIES]
    if not all(archive.exists() for archive in archives):
        return tree.skip(f"no libraries in {tree.build}")
    for archive in archives:
        _, text = output_of("objdump", "-t", archive)
        for line in text.splitlines():
            match = OBJECT_SYMBOL.search(line)
            # .data.rel.ro is constant after linking.
            if match and not (match.group(2) or "").startswith(".rel.ro"):
                found.append(f"{archive.name}: variable {match.group(3)}")
    return found


def compile_flags(tree):
    _, text = output_of("pkg-config", "--cflags", *PACKAGES)
    places = ["-I", tree.top / "include", "-I", tree.top / "src", "-I", tree.build / "include"]
    return ["-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", *places, *text.split()]


def check_headers(tree):
    """Every header compiles alone, and twice."""
    flags = compile_flags(tree)

    def compile_header(path):
        name = path.removeprefix("include/").removeprefix("src/")
        source = f'#include "{name}"\n' * 2
        status, text = output_of(
            "gcc", *flags, "-fsyntax-only", "-x", "c", "-", input=source, cwd=tree.top
        )
        return [f"{path}: does not compile alone: {text.strip()[:600]}"] if status else []

    return each(compile_header, tree.files("src", "include", suffix=(".h",)))


def check_format(tree):
    """clang-format has nothing to change."""
    if not shutil.which("clang-format"):
        return tree.skip("clang-format is not installed")
    paths = tree.files("src", "include", "test", suffix=(".c", ".h"))
    _, text = output_of("clang-format", "--dry-run", "-Werror", *paths, cwd=tree.top)
    return [line for line in text.splitlines() if ": error: " in line]


def check_tidy(tree):
    """clang-tidy finds nothing, with .clang-tidy over all that is compiled."""
    database = tree.build / "compile_commands.json"
    if not shutil.which("clang-tidy"):
        return tree.skip("clang-tidy is not installed")
    if not database.exists():
        return tree.skip(f"no {database}")
    entries = json.loads(database.read_text(encoding="utf-8"))
    top = str(tree.top) + "/"
    sources = [e["file"] for e in entries if e["file"].startswith(top + "src/")]
    only = os.environ.get("LINT_TIDY_ONLY")
    if only:
        sources = [source for source in sources if only in source]
    with tempfile.TemporaryDirectory() as kept:
        _clang_database(entries, kept)

        def tidy(source):
            status, text = output_of("clang-tidy", "--quiet", "-p", kept, source, cwd=tree.top)
            lines = tidy_findings(text.replace(top, ""))
            return lines or ([f"{source}: {text.strip()[-400:]}"] if status else [])

        found = each(tidy, sorted(set(sources)))
    return list(dict.fromkeys(found))


def tidy_findings(text):
    """The findings, each with its first note where only that says what is meant."""
    found = []
    for line in text.splitlines():
        if re.search(r": (error|warning): ", line):
            found.append(line)
        elif ": note: " in line and found and "function-size" in found[-1] and "; " not in found[-1]:
            found[-1] += "; " + line.split(": note: ")[1]
    return found


def _clang_database(entries, directory):
    """gcc's flags that clang does not know would be findings of their own."""
    for entry in entries:
        if "command" in entry:
            entry["command"] = re.sub(r" -fanalyzer\S*", "", entry["command"])
    path = os.path.join(directory, "compile_commands.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(entries, file)


def check_man(tree):
    """mandoc finds nothing in the man pages."""
    if not shutil.which("mandoc"):
        return tree.skip("mandoc is not installed")
    found = []
    for path in tree.files(suffix=tuple(f".{section}" for section in range(1, 9))):
        _, text = output_of("mandoc", "-Tlint", "-Wwarning", path, cwd=tree.top)
        found += text.splitlines()
    return found


def check_scripts(tree):
    """pyflakes and shellcheck find nothing in the scripts."""
    found = []
    names = {"python": [], "sh": []}
    for path in tree.files(suffix=(".py", ".sh")) + tree.scripts():
        first = tree.read(path).split("\n", 1)[0]
        kind = "python" if path.endswith(".py") or "python" in first else "sh"
        names[kind].append(path)
    if names["python"]:
        command = ("/usr/bin/python3", "-m", "pyflakes")
        status, text = output_of(*command, *names["python"], cwd=tree.top)
        if "No module named" in text:
            return tree.skip("pyflakes3 is not installed")
        found += text.splitlines() if status else []
    if names["sh"]:
        if not shutil.which("shellcheck"):
            return found or tree.skip("shellcheck is not installed")
        command = ("shellcheck", "-f", "gcc", "-x", "-P", "SCRIPTDIR")
        status, text = output_of(*command, *names["sh"], cwd=tree.top)
        found += text.splitlines() if status else []
    return found


CHECKS = {
    "purity": check_purity,
    "variables": check_variables,
    "headers": check_headers,
    "format": check_format,
    "man": check_man,
    "scripts": check_scripts,
    "tidy": check_tidy,
}
