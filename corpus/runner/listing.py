"""What `corpus/run --list` prints: the catalogue, a line a program, and how many there are of each kind."""
import collections
import json
import textwrap

from runner import plan

KINDS = ("label", "source", "core", "category", "family")


def of_program(name, variants, rows, sealed):
    """One object a program; `runs` are the verified ones."""
    one = variants[0]
    return {"program": name, "family": one.family, "core": one.core, "category": one.category, "label": one.label, "source": one.source,
            "twin": one.twin, "variants": [variant.variant for variant in variants if not variant.live_only],
            "tricks": sorted({variant.trick for variant in variants if variant.trick}),
            "sealed": one.family in sealed.families, "waits": one.waits,
            "runs": sum(row["program"] == name and row["status"] == "ok" for row in rows)}


def counts(programs):
    """Lines: programs, families and runs of each label, then of each value of each kind."""
    def line(name, chosen):
        families = len({one["family"] for one in chosen})
        return f"  {name:24} {len(chosen):4} programs {families:4} families {sum(one['runs'] for one in chosen):5} runs"
    for kind in KINDS[:-1]:
        yield f"by {kind}"
        groups = collections.defaultdict(list)
        for one in programs:
            if one[kind] and (kind != "core" or one["label"] == "miner"):
                groups[one[kind]].append(one)
        for name, chosen in sorted(groups.items()):
            yield line(name, chosen)
    families = collections.Counter(one["family"] for one in programs)
    several = " ".join(f"{name}:{count}" for name, count in sorted(families.items()) if count > 1)
    yield from textwrap.wrap(f"by family: {len(families)}; of more than one program: {several or '-'}", 80, subsequent_indent="  ")
    twins = [one for one in programs if one["twin"]]
    yield "honest programs that look like miners"
    yield line("twins", twins)
    sealed = [one for one in programs if one["sealed"]]
    yield "sealed, for the hold-out"
    for label in ("miner", "benign"):
        yield line(label, [one for one in sealed if one["label"] == label])
    yield "waiting to be recorded"
    yield line("", [one for one in programs if one["waits"]])
    tricks = sorted({trick for one in programs for trick in one["tricks"]})
    yield from textwrap.wrap(f"{len(tricks)} tricks: {' '.join(tricks) or '-'}", 80, subsequent_indent="  ")


def lines(programs, rows, sealed, as_json):
    listed = [of_program(name, variants, rows, sealed) for name, variants in sorted(plan.by_program(programs).items())]
    if as_json:
        return [json.dumps(one) for one in listed]
    made = [f"{'program':24} {'family':20} {'label':7} {'runs':>4}  category"]
    for one in listed:
        kind = one["label"] + ("*" if one["twin"] else "")
        made.append(f"{one['program'][:24]:24} {one['family'][:20]:20} {kind:7} {one['runs']:4}  {one['category']}{', sealed' if one['sealed'] else ''}"
                    f"{', waits' if one['waits'] else ''}")
    return made + ["* looks like a miner", "", *counts(listed)]
