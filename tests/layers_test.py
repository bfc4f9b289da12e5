#!/usr/bin/env python3
"""Holds every include in src/ against src/LAYERS, LAYERS against its own rule (only folders above), and the seals."""
import pathlib
import re
import sys

# What the design rests on not being included: only these folders of src/ may, each with the reason.
SEALS = [
    (r"<bpf/|<linux/bpf|\"davy_abi\.h\"|\.skel\.h\"", {"collect"}, "only collect/ knows the kernel side"),
    (r"\"event/recording\.h\"", {"event", "collect", "dataset"}, "no label reaches windows, features or detection"),
    (r"slice\.pb\.h[\">]", {"event"}, "only event/ knows the bytes of a slice"),
    (r"onnx\.pb\.h[\">]", {"model"}, "only model/ knows the bytes of ONNX"),
    (r"<sqlite3\.h>", {"store"}, "only store/ speaks SQL"),
    (r"<httplib\.h>", {"web", "alert"}, "only web/ and alert/ speak HTTP"),
    (r"<openssl/", {"alert"}, "only alert/ speaks TLS"),
]


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


def fault_of_include(folder, include, layers, is_test=False):
    """What is wrong with `include` (with its quotes or brackets) in a file of `folder`, or None. Seals bind what ships:
    a test of detection may well replay a recording."""
    for pattern, allowed, reason in SEALS if not is_test else []:
        if re.search(pattern, include) and folder not in allowed:
            return f"{folder} may not include {include}: {reason}"
    target, slash, _ = include[1:-1].partition("/")
    if not slash or target not in layers:
        return None
    if include.startswith("<"):
        return f"{include} is ours: include it in quotes"
    if target != folder and target not in layers[folder]:
        return f"{folder} may not include {target} (src/LAYERS)"
    return None


def check_file(root, path, layers):
    """Yields one fault for each include of `path` that its folder may not make."""
    name = path.relative_to(root)
    folder = name.parts[1]
    if folder not in layers:
        yield f"{name}: folder {folder} is not in src/LAYERS"
        return
    for number, line in enumerate(path.read_text().splitlines(), 1):
        include = re.match(r'\s*#\s*include\s+("[^"]+"|<[^>]+>)', line)
        fault = include and fault_of_include(folder, include.group(1), layers, path.name.endswith("_test.cc"))
        if fault:
            yield f"{name}:{number}: {fault}"


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
