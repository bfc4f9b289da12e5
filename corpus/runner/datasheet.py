"""The figures of DATASHEET.md: counted from the catalogue and the indices, between two marks of that file."""
import collections
import math
import pathlib
import statistics

from runner import plan

BEGIN, END = "<!-- figures: corpus/run --datasheet -->", "<!-- end of the figures -->"
CONDITIONS = ("seconds", "cores", "threads", "engine", "place", "alone", "jobs")
BOUND = 0.05   # one-sided


def table(head, rows):
    return ["| " + " | ".join(map(str, row)) + " |" for row in (head, ["---"] * len(head), *rows)]


def usable(rows):
    return [row for row in rows if row["status"] == "ok"]


def contents(programs, rows, sealed):
    """Programs, families and verified runs of each label and source, open and sealed."""
    made = []
    named = plan.by_program(programs)
    kinds = sorted({(variants[0].label, variants[0].source) for variants in named.values()}, reverse=True)
    for label, source in kinds:
        mine = {name: variants[0] for name, variants in named.items() if (variants[0].label, variants[0].source) == (label, source)}
        runs = [row for row in usable(rows) if row["program"] in mine]
        made.append([label, source, len(mine), len({row["program"] for row in runs}), len({one.family for one in mine.values()}),
                     sum(one.twin for one in mine.values()),
                     sum(one.family in sealed.families for one in mine.values()), len(runs), sum(bool(row["provenance"].get("sealed")) for row in runs),
                     round(sum(row["provenance"]["seconds"] for row in runs) / 60)])
    return table(["label", "source", "programs", "of them recorded", "families", "twins", "programs sealed", "runs", "runs sealed", "minutes"], made)


def by_core(programs, rows):
    made = []
    for core in sorted({p.core for p in programs if p.label == "miner"}):
        mine = [p for p in programs if p.label == "miner" and p.core == core]
        runs = [row for row in usable(rows) if row["core"] == core and row["label"] == "miner"]
        made.append([core, ", ".join(sorted({p.family for p in mine})), len({p.program for p in mine}), len(runs)])
    return table(["hashing core", "families", "programs", "runs"], made)


def by_category(programs, rows):
    made = []
    honest = {name: variants[0] for name, variants in plan.by_program(programs).items() if variants[0].label == "benign"}
    for category in sorted({one.category for one in honest.values()}):
        mine = {name for name, one in honest.items() if one.category == category}
        made.append([category, len(mine), len({honest[name].family for name in mine}), sum(honest[name].twin for name in mine),
                     sum(row["program"] in mine for row in usable(rows))])
    return table(["honest category", "programs", "families", "twins", "runs"], made)


def conditions(rows):
    """How the runs of either label were made; what differs here could tell the label."""
    made = []
    for key in CONDITIONS:
        shares = {}
        for label in ("miner", "benign"):
            values = [row["provenance"][key] for row in usable(rows) if row["label"] == label and key in row["provenance"]]
            shares[label] = {value: count / len(values) for value, count in collections.Counter(values).items()} if values else {}
        for value in sorted(set(shares["miner"]) | set(shares["benign"]), key=str):
            made.append([key, value, *(f"{100 * shares[label].get(value, 0):.0f} %" for label in ("miner", "benign"))])
    return table(["condition", "value", "miners' runs", "honest runs"], made)


def busy(rows, part=0.5):
    """Honest programs that kept so much of a core busy for a minute, in one of their runs; `part` of a row or a number."""
    least = part if callable(part) else lambda row: part
    return len({row["program"] for row in usable(rows) if row["label"] == "benign" and row.get("busiest_minute", 0) >= least(row)})


def three_quarters(row):
    """Of half a core, or of an equal share of the host's cores where so many ran that there was less for each."""
    made = row["provenance"]
    return 0.75 * min(0.5, made["cores"], made["host_cores"] / max(made.get("jobs", 1), 1))


def claims(programs, rows, sealed):
    """What n of n recorded ones can show at most: one-sided 95 % bounds, exact for binomials with nobody missed (Clopper and Pearson 1934)."""
    recorded = {row["program"] for row in usable(rows)}

    def count(label, inside, what, only=lambda p: True):
        return len({what(p) for p in programs if p.program in recorded and p.label == label and (p.family in sealed.families) == inside and only(p)})

    def public(p):
        return p.source == "public-miner"

    def others(p):
        return p.source == "legitimate"
    made = []
    for words, inside in (("open", False), ("sealed", True)):
        honest, miners = count("benign", inside, lambda p: p.family, others), count("miner", inside, lambda p: p.family, public)
        if honest:
            made.append([words, f"no alert on {honest} honest families that others wrote", f"alerts on at most {100 * (1 - BOUND ** (1 / honest)):.1f} % of such families"])
            needed = math.ceil(math.log(BOUND) / math.log(0.99))
            if honest < needed:
                made.append([words, "a threshold that is promised to alert on 1 % of such families at most", f"cannot be chosen: it takes {needed} of them, none alerted"])
        if miners:
            made.append([words, f"all of {miners} public miner families found", f"recall over such families at least {BOUND ** (1 / miners):.2f}"])
    hours = sum(row.get("ran", 0) for row in usable(rows) if row["label"] == "benign") / 3600
    made.append(["both", f"no alert in {hours:.0f} hours of honest containers", f"at most {-24 * math.log(BOUND) / hours:.1f} alerts a day of one container"] if hours else
                ["both", "nothing honest recorded", "nothing"])
    return table(["part", "if", "then, at 95 %"], made)


def figures(programs, rows, sealed, size):
    kept = usable(rows)
    waiting = len({p.program for p in programs if p.waits})
    lines = [f"{len(kept)} verified runs, {size / 2 ** 20:.1f} MiB; {len(rows) - len(kept)} failed and were not used. {busy(rows)} honest programs kept half",
             f"a core busy for a minute; {busy(rows, three_quarters)} kept busy three quarters of that, or of an equal share of the cores where more ran than had half a core each. {waiting} programs of the catalogue wait to be recorded.", "",
             *contents(programs, rows, sealed), "", *by_core(programs, rows), "", *by_category(programs, rows), ""]
    if kept:
        gaps = [row["provenance"]["seconds"] for row in kept]
        lines += [f"Length of a run: {min(gaps)} to {max(gaps)} s, median {statistics.median(gaps):g} s.", "", *conditions(rows), ""]
    return lines + claims(programs, rows, sealed)


def rewrite(path, programs, shelves_folder, rows, sealed):
    """Puts the figures into the file, between its marks."""
    size = sum(file.stat().st_size for name in ("recordings", "sealed") for file in pathlib.Path(shelves_folder, name).glob("*.davy"))
    text = path.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text("\n".join([before + BEGIN, "", *figures(programs, rows, sealed, size), "", END]) + after)
