"""The catalogue: one TOML file a program, checked when read.

A program has variants; a variant overrides fields of its program. "plain" and "throttled" are there without being written. A trick is a
variant by which a miner hides: its command runs behind tricks/NAME.sh, which says how `launch` starts it. What `command` and `peer` are
given in the environment is listed in corpus/README.md.
"""
import dataclasses
import hashlib
import json
import pathlib
import re
import tomllib

LABELS = ("miner", "benign")
SOURCES = ("public-miner", "malware", "own-worker", "legitimate")
PLACES = ("loopback", "veth")
REQUIRED = ("program", "family", "category", "label", "source", "likeness", "command", "progress")
OPTIONAL = ("core", "twin", "packages", "install", "peer", "peer_cores", "threads", "cores", "warmup", "place",
            "variants", "tricks", "also", "memory", "env", "plain", "throttled")
OF_VARIANTS = ("live_only", "trick", "prelude")
THROTTLED_CORES = 0.5
LAUNCHES = re.compile(r"(^|[\s;&(])launch ")
LAUNCH = 'launch() { exec "$@"; }'   # what tricks/NAME.sh puts another one in the place of
PROGRESS = ("from", "pattern", "kind", "unit", "least_per_minute", "longest_gap", "begin", "dataset", "rate")


class CatalogueError(Exception):
    """A catalogue file that cannot be used; the text names the file and the field."""


@dataclasses.dataclass(frozen=True)
class Progress:
    """How finished work is recognised in the output of the program or of its peer.

    kind "count": each match is one unit (or its first group as a number of units);
    kind "cumulative": the first group is a running total that grows while work is done.
    begin: marks the first moment of real work (a miner's first hash); dataset: group 1 = milliseconds of preparation;
    rate: the first report of its own hash rate above zero, which comes some seconds after the first hash.
    """
    pattern: str
    unit: str
    source: str = "program"
    kind: str = "count"
    least_per_minute: float = 2.0
    longest_gap: float = 45.0
    begin: str = ""
    dataset: str = ""
    rate: str = ""


@dataclasses.dataclass(frozen=True)
class Program:
    """One variant of one program, ready to be run."""
    program: str
    variant: str
    family: str
    core: str
    category: str
    label: str
    source: str
    twin: bool
    likeness: str
    packages: tuple
    install: tuple
    command: str
    peer: str
    peer_cores: float
    progress: Progress
    threads: int
    cores: float          # 0: drawn by the plan, the same way for miners and honest programs
    warmup: float         # CPU-seconds before real work begins (a dataset, a database to fill)
    place: str            # "": drawn by the plan
    memory: int           # MiB
    env: dict
    live_only: bool
    trick: str            # how a miner hides (tricks/NAME.sh), or ""
    also: tuple           # further tricks that it does under another name
    throttled: bool       # one thread on a part of a core, or less by a way of its own

    @property
    def name(self):
        return f"{self.program}.{self.variant}"


def read_progress(where, table):
    unknown = set(table) - set(PROGRESS)
    if unknown or "pattern" not in table or "unit" not in table:
        raise CatalogueError(f"{where}: [progress] needs pattern and unit; unknown: {sorted(unknown)}")
    fields = {"source" if k == "from" else k: v for k, v in table.items()}
    for name in ("pattern", "begin", "dataset", "rate"):
        try:
            re.compile(fields.get(name, ""))
        except re.error as error:
            raise CatalogueError(f"{where}: [progress] {name}: {error}") from error
    if fields.get("source", "program") not in ("program", "peer"):
        raise CatalogueError(f"{where}: [progress] from must be program or peer")
    if fields.get("kind", "count") not in ("count", "cumulative"):
        raise CatalogueError(f"{where}: [progress] kind must be count or cumulative")
    return Progress(**fields)


def command_of(merged):
    """With the way to `launch` before it, where the command asks for that."""
    command = merged["command"].strip()
    if not LAUNCHES.search(command):
        return command
    return f"{merged.get('prelude', LAUNCH)}\n{command}"


def make_variant(where, entry, variant, overrides):
    unknown = sorted(set(overrides) - set(REQUIRED) - set(OPTIONAL) - set(OF_VARIANTS))
    if unknown:
        raise CatalogueError(f"{where}: variant {variant}: unknown fields {unknown}")
    merged = {**entry, **overrides}
    merged["progress"] = {**entry["progress"], **overrides.get("progress", {})}
    merged["env"] = {**entry.get("env", {}), **overrides.get("env", {})}
    if merged.get("place", "") not in ("",) + PLACES:
        raise CatalogueError(f"{where}: place must be one of {PLACES}")
    return Program(
        program=merged["program"], variant=variant, family=merged["family"], core=merged.get("core", ""),
        category=merged["category"], label=merged["label"], source=merged["source"], twin=merged.get("twin", False),
        likeness=merged["likeness"], packages=tuple(merged.get("packages", ())),
        install=tuple(merged.get("install", ())), command=command_of(merged),
        peer=merged.get("peer", "").strip(), peer_cores=float(merged.get("peer_cores", 1.0)),
        progress=read_progress(where, merged["progress"]), threads=int(merged.get("threads", 2)),
        cores=float(merged.get("cores", 0)), warmup=float(merged.get("warmup", 5)), place=merged.get("place", ""),
        memory=int(merged.get("memory", 4096)), env={k: str(v) for k, v in merged["env"].items()},
        live_only=bool(merged.get("live_only", False)), trick=merged.get("trick", ""), also=tuple(merged.get("also", ())),
        throttled=variant.startswith("throttled"))


def less(progress, rarer):
    """A fifth of the work at least, in gaps that may be `rarer` times as long."""
    return {"least_per_minute": progress.get("least_per_minute", Progress.least_per_minute) / 5,
            "longest_gap": min(140, progress.get("longest_gap", Progress.longest_gap) * rarer)}


def recipe(program, corpus):
    """Twelve digits of what the catalogue asks for and of the scripts it names, not of what those or the pool are made with: a recording by
    another recipe is another recording."""
    scripts = sorted(set(re.findall(r"/opt/corpus/((?:tricks|scenarios|workers|peers)/[\w.]+)", program.command + program.peer)))
    text = json.dumps([program.command, program.peer, program.env, program.install, program.packages, program.threads, program.memory])
    text += "".join((corpus / script).read_text() for script in scripts if (corpus / script).is_file())
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def throttled(progress):
    """What a throttled variant overrides: one thread on a part of a core, which does less work and more rarely."""
    return {"threads": 1, "cores": THROTTLED_CORES, "progress": less(progress, 2.5)}


def tricks_of(where, entry, scripts):
    """Variants from the table [tricks]: each overrides what the trick needs changed; its script, if there is one, says how to launch."""
    made = {}
    for name, overrides in entry.pop("tricks", {}).items():
        if entry["label"] != "miner":
            raise CatalogueError(f"{where}: [tricks] are for miners")
        script = pathlib.Path(scripts) / f"{name}.sh"
        if not script.exists() and not overrides:
            raise CatalogueError(f"{where}: trick {name} has neither a script tricks/{name}.sh nor overrides")
        prelude = {"prelude": f". /opt/corpus/tricks/{name}.sh"} if script.exists() else {}
        if prelude and not LAUNCHES.search(overrides.get("command", entry["command"])):
            raise CatalogueError(f"{where}: trick {name} needs a command that is started by `launch`")
        made[name] = {"progress": less(entry["progress"], 1.5), **prelude, **overrides, "trick": name}
    return made


def read_file(path):
    """All variants in one catalogue file; raises CatalogueError with a line that says what to mend."""
    try:
        entry = tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(f"{path.name}: not TOML: {error}") from error
    missing = [field for field in REQUIRED if field not in entry]
    unknown = sorted(set(entry) - set(REQUIRED) - set(OPTIONAL))
    if missing or unknown:
        raise CatalogueError(f"{path.name}: missing fields {missing}, unknown fields {unknown}")
    if entry["program"] != path.stem:
        raise CatalogueError(f"{path.name}: program is {entry['program']!r}; it must be the file's name")
    if entry["label"] not in LABELS or entry["source"] not in SOURCES:
        raise CatalogueError(f"{path.name}: label must be one of {LABELS}, source one of {SOURCES}")
    own = entry.pop("variants", {})
    usual = [name for name in ("plain", "throttled") if entry.pop(name, True)]
    tricks = tricks_of(path.name, entry, path.parent.parent / "tricks")
    variants = {**{name: {} for name in usual}, **own, **tricks}
    for name in variants:
        if name.startswith("throttled"):
            variants[name] = {**throttled(entry["progress"]), **variants[name]}
    return [make_variant(path.name, entry, name, overrides) for name, overrides in variants.items()]


def read_catalogue(folder):
    """Every variant of every program in the folder, sorted by name."""
    found = []
    for path in sorted(pathlib.Path(folder).glob("*.toml")):
        found.extend(read_file(path))
    return sorted(found, key=lambda p: p.name)
