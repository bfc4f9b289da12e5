"""The catalogue: one TOML file a program, checked when read.

A program has variants; a variant overrides fields of its program. "plain" and "throttled" are there without being written. A trick is a
variant by which a miner hides: its command runs behind tricks/NAME.sh, which says how `launch` starts it. What `command` and `peer` are
given in the environment is listed in corpus/README.md.
"""
import dataclasses
import hashlib
import json
import math
import pathlib
import re
import tomllib

LABELS = ("miner", "benign")
SOURCES = ("public-miner", "malware", "own-worker", "legitimate")
PLACES = ("loopback", "veth")
REQUIRED = ("program", "family", "category", "label", "source", "likeness", "command", "progress")
INSTALLERS = {"npm": (str, list), "go": str, "cargo": str, "maven": list, "pypi": list, "build": str}   # an install step has one of them
OF_STEPS = {"npm": {"file", "sha256", "rebuild"}, "go": {"package", "flags", "cgo"}, "cargo": {"bin"}, "maven": set(), "pypi": set(),
            "build": {"sources", "fresh_hours"}}   # what else a step may say, besides where to
OF_THE_PROGRAM = ("program", "family", "core", "category", "label", "source", "twin", "waits", "likeness")   # the same for all its variants
THROTTLED_CORES = 0.5
CHURNS = re.compile(r"(while|until)\s+(:|true|false)\s*;")
LAUNCHES = re.compile(r"(^|[\s;&(])launch ")
LAUNCH = 'launch() { exec "$@"; }'   # what tricks/NAME.sh puts another one in the place of
class CatalogueError(Exception):
    """A catalogue file that cannot be used; the text names the file and the field."""


def is_text(value):
    return isinstance(value, str)


def is_filled(value):
    return is_text(value) and bool(value.strip())


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < math.inf


def is_count(value):
    return is_number(value) and isinstance(value, int) and value > 0


def is_step(step):
    """One way to install, whereto, and what that way cannot do without."""
    kinds = [kind for kind in INSTALLERS if kind in step] if isinstance(step, dict) else []
    if len(kinds) != 1 or not isinstance(step[kinds[0]], INSTALLERS[kinds[0]]):
        return False
    if set(step) - {"to", kinds[0]} - OF_STEPS[kinds[0]]:
        return False
    needs = {"cargo": ("bin",), "npm": ("file", "sha256") if is_text(step.get("npm")) else ()}.get(kinds[0], ())
    return all(is_filled(step.get(field)) for field in ("to", *needs))


def all_of(kind, check):
    """Whether a value is a list, or a table, of such values."""
    return lambda value: isinstance(value, kind) and all(map(check, value.values() if kind is dict else value))


def one_of(values):
    return f"one of {values}", values.__contains__


FILLED = ("a text, not empty", is_filled)
TEXT = ("a text", is_text)
BOOL = ("true or false", lambda value: isinstance(value, bool))
NUMBER = ("a number, not negative", is_number)
ABOVE_ZERO = ("a number above zero", lambda value: is_number(value) and value > 0)
COUNT = ("a whole number above zero", is_count)
TEXTS = ("a list of texts", all_of(list, is_filled))
TABLE = ("a table", lambda value: isinstance(value, dict))
TABLES = ("a table of tables", all_of(dict, lambda value: isinstance(value, dict)))

# field -> what its value must be, and whether it is
FIELDS = {
    "program": FILLED, "family": FILLED, "category": FILLED, "label": one_of(LABELS), "source": one_of(SOURCES), "likeness": FILLED, "command": FILLED,
    "progress": TABLE, "core": TEXT, "twin": BOOL, "packages": TEXTS, "peer": TEXT, "peer_cores": ABOVE_ZERO, "threads": COUNT, "cores": NUMBER,
    "install": ("a list of steps, each {npm|go|cargo|maven|pypi|build = ..., to = ...}: see corpus/README.md", all_of(list, is_step)),
    "warmup": NUMBER, "place": one_of(("",) + PLACES), "variants": TABLES, "tricks": TABLES, "also": TEXTS, "memory": COUNT,
    "env": ("a table of texts and numbers", all_of(dict, lambda value: is_text(value) or is_number(value))), "plain": BOOL, "throttled": BOOL, "waits": BOOL}
OF_VARIANTS = {"live_only": BOOL, "trick": TEXT, "prelude": TEXT}
PROGRESS = {"from": one_of(("program", "peer")), "pattern": FILLED, "kind": one_of(("count", "cumulative")), "unit": FILLED, "least_per_minute": NUMBER,
            "longest_gap": ABOVE_ZERO, "begin": TEXT, "dataset": TEXT, "rate": TEXT}


def check(where, table, fields):
    """Refuses what no field is called, and values that a field cannot have."""
    if unknown := sorted(set(table) - set(fields)):
        raise CatalogueError(f"{where}: unknown fields {unknown}")
    for name, value in table.items():
        words, holds = fields[name]
        if not holds(value):
            raise CatalogueError(f"{where}: {name} must be {words}, not {repr(value)[:60]}")


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
    waits: bool           # catalogued, and recorded only when named by --only
    trick: str            # how a miner hides (tricks/NAME.sh), or ""
    also: tuple           # further tricks that it does under another name
    throttled: bool       # one thread on a part of a core, or less by a way of its own

    @property
    def name(self):
        return f"{self.program}.{self.variant}"

    @property
    def churns(self):
        """Whether a shell starts it anew for each unit of work."""
        return bool(CHURNS.search(self.command))


def read_progress(where, table):
    if "pattern" not in table or "unit" not in table:
        raise CatalogueError(f"{where}: [progress] needs pattern and unit")
    for name in ("pattern", "begin", "dataset", "rate"):
        try:
            re.compile(table.get(name, ""))
        except re.error as error:
            raise CatalogueError(f"{where}: [progress] {name}: {error}") from error
    return Progress(**{"source" if name == "from" else name: value for name, value in table.items()})


def command_of(merged):
    """With the way to `launch` before it, where the command asks for that."""
    command = merged["command"].strip()
    if not LAUNCHES.search(command):
        return command
    return f"{merged.get('prelude', LAUNCH)}\n{command}"


def contradiction(merged):
    """What fields say that cannot be together, or ""."""
    if merged["label"] == "miner" and merged["source"] == "legitimate":
        return "source of a miner must not be legitimate"
    if merged["label"] == "miner" and not merged.get("core"):
        return "core is missing: a miner names its hashing core"
    if merged["label"] == "miner" and merged.get("twin"):
        return "twin is for honest programs"
    if merged["progress"].get("from") == "peer" and not merged.get("peer"):
        return "[progress] from is peer, and there is no peer"
    return ""


def make_variant(where, entry, variant, overrides):
    merged = {**entry, **overrides}
    merged["progress"] = {**entry["progress"], **overrides.get("progress", {})}
    merged["env"] = {**entry.get("env", {}), **overrides.get("env", {})}
    if problem := contradiction(merged):
        raise CatalogueError(f"{where}: variant {variant}: {problem}")
    return Program(
        program=merged["program"], variant=variant, family=merged["family"], core=merged.get("core", ""),
        category=merged["category"], label=merged["label"], source=merged["source"], twin=merged.get("twin", False),
        likeness=merged["likeness"], packages=tuple(merged.get("packages", ())),
        install=tuple(merged.get("install", ())), command=command_of(merged),
        peer=merged.get("peer", "").strip(), peer_cores=float(merged.get("peer_cores", 1.0)),
        progress=read_progress(where, merged["progress"]), threads=int(merged.get("threads", 2)),
        cores=float(merged.get("cores", 0)), warmup=float(merged.get("warmup", 5)), place=merged.get("place", ""),
        memory=int(merged.get("memory", 4096)), env={k: str(v) for k, v in merged["env"].items()},
        live_only=bool(merged.get("live_only", False)), waits=bool(merged.get("waits", False)), trick=merged.get("trick", ""), also=tuple(merged.get("also", ())),
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


def check_file(path, entry):
    """The fields and values of all of a file, before anything is made of them."""
    if missing := [field for field in REQUIRED if field not in entry]:
        raise CatalogueError(f"{path.name}: missing fields {missing}")
    check(path.name, entry, FIELDS)
    check(f"{path.name}: [progress]", entry["progress"], PROGRESS)
    if entry["program"] != path.stem:
        raise CatalogueError(f"{path.name}: program is {entry['program']!r}; it must be the file's name")
    for name, overrides in [*entry.get("variants", {}).items(), *entry.get("tricks", {}).items()]:
        if not re.fullmatch(r"[\w-]+", name):
            raise CatalogueError(f"{path.name}: variant {name!r}: a name is letters, digits, - and _")
        if other := [field for field in OF_THE_PROGRAM if field in overrides]:
            raise CatalogueError(f"{path.name}: variant {name}: {', '.join(other)}: the same for the whole program, another file is another program")
        check(f"{path.name}: variant {name}", overrides, {**FIELDS, **OF_VARIANTS})
        check(f"{path.name}: variant {name}: [progress]", overrides.get("progress", {}), PROGRESS)


def read_file(path):
    """All variants in one catalogue file; raises CatalogueError with a line that says what to mend."""
    try:
        entry = tomllib.loads(path.read_text())
    except (ValueError, OSError) as error:
        raise CatalogueError(f"{path.name}: not TOML: {error}") from error
    check_file(path, entry)
    own = entry.pop("variants", {})
    usual = [name for name in ("plain", "throttled") if entry.pop(name, True)]
    tricks = tricks_of(path.name, entry, path.parent.parent / "tricks")
    variants = {**{name: {} for name in usual}, **own, **tricks}
    for name in variants:
        if name.startswith("throttled"):
            variants[name] = {**throttled(entry["progress"]), **variants[name]}
    return [make_variant(path.name, entry, name, overrides) for name, overrides in variants.items()]


def read_usable(folder):
    """Every variant of every program in the folder whose file can be used, sorted by name; and a line for each file that cannot."""
    found, problems = [], []
    for path in sorted(pathlib.Path(folder).glob("*.toml")):
        try:
            found.extend(read_file(path))
        except CatalogueError as error:
            problems.append(str(error))
    return sorted(found, key=lambda p: p.name), problems


def read_catalogue(folder):
    """Every variant of every program in the folder, sorted by name; raises CatalogueError when a file cannot be used."""
    programs, problems = read_usable(folder)
    if problems:
        raise CatalogueError("; ".join(problems))
    return programs
