#!/usr/bin/env python3
"""Holds every include in src/ against src/LAYERS, and LAYERS against its own rule: only folders above."""
import pathlib
import re
import sys


def read_layers(path):
    """Returns {folder: allowed folders} and the faults of the file itself."""
    layers, faults = {}, []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        folder, _, allowed = line.partition(":")
        for name in allowed.split():
            if name not in layers:
                faults.append(f"src/LAYERS:{number}: {folder} lists {name}, which is not above it")
        layers[folder.strip()] = set(allowed.split())
    return layers, faults


def check_file(root, path, layers):
    """Yields one fault for each include of `path` that its folder may not make."""
    folder = path.relative_to(root / "src").parts[0]
    if folder not in layers:
        yield f"{path.relative_to(root)}: folder {folder} is not in src/LAYERS"
        return
    for number, line in enumerate(path.read_text().splitlines(), 1):
        where = f"{path.relative_to(root)}:{number}"
        quoted = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        angled = re.match(r"\s*#\s*include\s+<([^>]+)>", line)
        if angled and angled.group(1).split("/")[0] in layers and "/" in angled.group(1):
            yield f"{where}: <{angled.group(1)}> is ours: include it in quotes"
        if quoted and "/" in quoted.group(1):
            target = quoted.group(1).split("/")[0]
            if target in layers and target != folder and target not in layers[folder]:
                yield f"{where}: {folder} may not include {target} (src/LAYERS)"


def faults_of(root):
    layers, faults = read_layers(root / "src" / "LAYERS")
    for path in sorted((root / "src").rglob("*")):
        if path.suffix in (".h", ".cc"):
            faults.extend(check_file(root, path, layers))
    return faults


if __name__ == "__main__":
    found = faults_of(pathlib.Path(sys.argv[1]))
    print("\n".join(found) or "layers hold")
    sys.exit(1 if found else 0)
