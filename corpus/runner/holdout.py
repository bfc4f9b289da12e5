"""The sealed hold-out: which families and which tricks no model, no threshold and no mending may see before a release.

The rule, written down before anything of it was recorded:
  families  of each label, those that were not in the first corpus, in the order of sha256("davy hold-out 1: LABEL FAMILY"): the first
            quarter, rounded. A family that has miners counts as a miner's, with all of its programs. Own workers are no candidates:
            they share an author, a pool and a job server with what is learnt from. Scenarios go with the family of their payload.
  tricks    in the order of sha256("davy hold-out 1: trick TRICK"): the first quarter, rounded, whatever the miner; with them what
            does the same under another name (`also` in the catalogue: a scenario, a relay that speaks TLS).
It was drawn once, over the catalogue of that day, and stands in holdout.json with its candidates, so that anybody can draw it again.
Families that came later are not sealed.
"""
import dataclasses
import hashlib
import json
import pathlib

SEED = "davy hold-out 1"
SHARE = 0.25
# Families of the recordings that the first detector was made and mended with (their index of 2026-11-24).
FIRST_CORPUS = (
    "argon2", "btcd", "cryptominisat", "dask.distributed", "ffmpeg", "gcc-12", "hashcat", "john", "monero", "nginx", "numpy", "openjdk-17", "openssl",
    "p7zip", "postgresql-15", "povray", "primesieve", "redis", "scikit-learn", "stockfish", "stress-ng", "xgboost", "xmrig")


@dataclasses.dataclass(frozen=True)
class Sealed:
    families: frozenset
    tricks: frozenset

    def why(self, program):
        """"family", "trick" or "": what seals this variant of a program."""
        if program.family in self.families:
            return "family"
        return "trick" if {program.trick, *program.also} & self.tricks else ""


def first_quarter(kind, names):
    ordered = sorted(names, key=lambda name: hashlib.sha256(f"{SEED}: {kind} {name}".encode()).hexdigest())
    return sorted(ordered[:round(SHARE * len(ordered))])


def candidates(programs):
    """{"miner": [...], "benign": [...], "trick": [...]}: what may be drawn of this catalogue."""
    of_miners = {p.family for p in programs if p.label == "miner"}
    own = {p.family for p in programs if p.source == "own-worker"}
    free = {p.family for p in programs} - own - set(FIRST_CORPUS)
    return {"miner": sorted(free & of_miners), "benign": sorted(free - of_miners), "trick": sorted({p.trick for p in programs if p.trick})}


def draw(names):
    """What is sealed of candidates()."""
    return {kind: first_quarter(kind, names[kind]) for kind in names}


def write(path, programs, day):
    names = candidates(programs)
    pathlib.Path(path).write_text(json.dumps(
        {"seed": SEED, "share": SHARE, "drawn": day, "candidates": names, "sealed": draw(names)}, indent=1) + "\n")


def read(path, *shelves):
    """Nothing is sealed before the draw. ValueError where the file is not what the rule gives, or is gone though a shelf of what it
    sealed is there, beside it or among `shelves`."""
    path = pathlib.Path(path)
    if not path.exists():
        for shelf in (path.parent / "sealed", *shelves):
            if (shelf / "index.json").exists():
                raise ValueError(f"{path} is missing, but {shelf / 'index.json'} lists what it sealed: restore it")
        return Sealed(frozenset(), frozenset())
    told = json.loads(path.read_text())
    if draw(told["candidates"]) != told["sealed"]:
        raise ValueError(f"{path} does not hold what its rule draws (runner/holdout.py): it was altered")
    sealed = told["sealed"]
    return Sealed(frozenset(sealed["miner"] + sealed["benign"]), frozenset(sealed["trick"]))
