"""Who runs when: balanced, interleaved blocks in random order from a seed, so that neither time nor company tells the label."""
import dataclasses
import hashlib
import math
import random

from runner import engine, network

SHARED_CORES = (0.6, 0.6, 1.0, 2.0)   # drawn alike for miners and honest programs; the host's own number is no quota at all
CONTENDED = 0.3                        # cores that a program can count on beside others
ALONE_EVERY = 40                       # one run in so many has the machine to itself, with two cores
SHORT, LONG = 160, 310                 # seconds from the start of a program to the end of its recording
WHOLE = 640                            # of the runs that fill a whole window of ten minutes
THROTTLED = 0.2                        # of the runs of either label: about as many as a miner's variants and tricks give
PLANNED = 120                          # seconds of work that a recording is planned to hold
NEEDED = 90                            # seconds of verified work that make it usable
EARLIEST, LATEST = 4.0, 14.0           # seconds that the recorder is ahead of the program: enough to be ready, and over a whole slice
WHOLE_TWINS = 24                       # about as large a part of the honest runs as one of each family is of the miners':
                                       # honest programs, likest to miners first, that fill a whole window too


PLAIN = ("plain",) + network.PLACES       # variants that change nothing of a program


@dataclasses.dataclass(frozen=True)
class Wish:
    """A run that is to be there, before its conditions are drawn."""
    program: object
    number: int
    whole: bool = False    # long enough for a whole window

    @property
    def name(self):
        return f"{self.program.name}.{self.number}"

    @property
    def label(self):
        return self.program.label


@dataclasses.dataclass(frozen=True)
class Run:
    program: object
    number: int
    block: int
    order: int
    cores: float
    engine: str
    place: str
    net: str
    port: int
    offset: float      # seconds that the recorder is ahead
    alone: bool
    seconds: int

    @property
    def name(self):
        return f"{self.program.name}.{self.number}"


def cycle(random_source, values, count):
    """`count` values, each as often as the others, in random order."""
    drawn = []
    while len(drawn) < count:
        once = list(values)
        random_source.shuffle(once)
        drawn.extend(once)
    return drawn[:count]


def deal(items, blocks):
    """Cuts items into so many consecutive parts that no part has two more than another."""
    return [items[part * len(items) // blocks:(part + 1) * len(items) // blocks] for part in range(blocks)]


def by_program(programs):
    named = {}
    for program in programs:
        named.setdefault(program.program, []).append(program)
    return named


def plain_or_throttled(variants, runs, source):
    """`runs` variants of an honest program, each throttled with probability THROTTLED."""
    slow = [variant for variant in variants if variant.throttled]
    fast = [variant for variant in variants if not variant.throttled]
    if not slow or not fast:
        return cycle(source, slow or fast, runs)
    return [source.choice(slow if source.random() < THROTTLED else fast) for _ in range(runs)]


def wishes(programs, runs, seed):
    """What a whole corpus holds: each variant of a miner `runs` times, each honest program `runs` times altogether, throttled
    as often as miners are; and over a whole window each family of miners and WHOLE_TWINS twins once.

    What is drawn for a program hangs on the seed and its name alone: another program in the catalogue changes nothing of it.
    Numbers: 1, 2... short ones; 0 the whole one.
    """
    made = []
    for name, variants in sorted(by_program(programs).items()):
        source = random.Random(f"{seed} {name}")
        if variants[0].label == "miner":
            made += [Wish(variant, number) for variant in variants for number in range(1, runs + 1)]
        else:
            made += [Wish(variant, number) for number, variant in enumerate(plain_or_throttled(variants, runs, source), 1)]
    return made + whole_windows(programs, seed)


def first_parts(wished, part, parts):
    """The wishes of parts 1 to `part` of `parts`, each a small corpus of its own: of either label as large a share, and a program's runs
    together, a miner's by variant. What failed in an earlier part comes again among the company of a later one.

    Honest programs that live come before those that a shell starts anew for each unit: at the ages of examples few of those are left.
    """
    def rank(wish):
        together = wish.program.name if wish.label == "miner" else wish.program.program
        return wish.program.churns and wish.label != "miner", hashlib.sha256(f"part {together}".encode()).hexdigest()
    kept = []
    for label in sorted({wish.label for wish in wished}):
        mine = [wish for wish in wished if wish.label == label]
        ranks = sorted({rank(wish) for wish in mine})
        last = set(ranks[:len(ranks) * part // parts])
        kept += [wish for wish in mine if rank(wish) in last]
    return kept


def whole_windows(programs, seed):
    """One program of each miner family, plain; and of the twins, those written to talk as miners do before the others."""
    plain = [p for p in programs if not p.throttled and not p.trick and p.source != "malware" and p.variant in PLAIN]
    source = random.Random(f"{seed} whole windows")
    families, twins = {}, []
    for program in sorted(plain, key=lambda p: p.name):
        if program.label == "miner":
            families.setdefault(program.family, []).append(program)
        elif program.twin:
            twins.append((program.category != "hard-jsonrpc", program.churns, source.random(), program))
    first = {}
    for *rank, program in twins:
        first.setdefault(program.program, (*rank, program))
    chosen = [row[-1] for row in sorted(first.values(), key=lambda row: row[:3])[:WHOLE_TWINS]]
    return [Wish(program, 0, whole=True) for program in [source.choice(mine) for _, mine in sorted(families.items())] + chosen]


def shortest(wish):
    """Seconds that its recording has at least."""
    return WHOLE if wish.whole else SHORT


def takes_long(program, cores):
    """Whether SHORT seconds are too few for its preparation (a dataset) and the work that must be seen. Others want the CPU too."""
    return program.warmup / min(cores, program.threads, CONTENDED) + PLANNED + 20 > SHORT


def lengths(miners, blocks, source):
    """Seconds of every run of a block, by block: long for as many blocks as the miners' preparation needs, for all in it alike."""
    share = len(miners) / blocks or 1
    long_blocks = min(blocks, math.ceil(sum(takes_long(wish.program, cores) for wish, cores in miners) / share))
    drawn = [LONG] * long_blocks + [SHORT] * (blocks - long_blocks)
    source.shuffle(drawn)
    return drawn


def make_plan(wished, seed, first_block=0, first_order=0, block_size=9, kept=()):
    """Runs in the order to start them: of all that is wished (or is left of it after a stop) in blocks that each hold their share of miners.

    What could tell the label is drawn alike for both: quota, engine, place, address, port, company, offset, and the length of the
    recording, which all runs of a block share. A miner with much to prepare is dealt to a long block. What failed is tried again as it
    was: `kept` holds its provenance by name, or the slow ones would be tried until they draw two cores. The same arguments give
    the same plan.
    """
    plan = []
    for whole in (False, True):
        part = sorted((wish for wish in wished if wish.whole == whole), key=lambda wish: wish.name)
        if part:
            blocks = 1 + plan[-1].block if plan else first_block
            plan += blocks_of(part, random.Random(f"{seed} {whole} {blocks}"), blocks, first_order + len(plan), block_size, whole)
    return [as_before(run, kept[run.name]) if run.name in kept else run for run in plan]


def as_before(run, told):
    """The run with the conditions of its provenance."""
    place = run.program.place or told["place"]
    net = told.get("net") if told.get("net") in network.NETS else run.net   # on loopback none was told
    return dataclasses.replace(run, place=place, net=net, alone=told["alone"], **{key: told[key] for key in ("cores", "engine", "port", "offset")})


def blocks_of(wished, source, first_block, first_order, block_size, whole):
    blocks = max(1, round(len(wished) / block_size))
    rows = {}
    for label in ("miner", "benign"):
        mine = [wish for wish in wished if wish.label == label]
        source.shuffle(mine)
        alone = cycle(source, [not whole] + [False] * (ALONE_EVERY - 1), len(mine))
        cores = [2.0 if by_itself else drawn for by_itself, drawn in zip(alone, cycle(source, SHARED_CORES, len(mine)))]
        cores = [wish.program.cores or drawn for wish, drawn in zip(mine, cores)]
        rows[label] = list(zip(mine, cores, alone, cycle(source, network.PLACES, len(mine)), cycle(source, engine.ENGINES, len(mine))))
    seconds = [WHOLE] * blocks if whole else lengths([row[:2] for row in rows["miner"]], blocks, source)
    order = sorted(range(blocks), key=lambda block: -seconds[block])
    for label, first in (("miner", True), ("benign", False)):   # each where its long blocks are, below
        rows[label].sort(key=lambda row, first=first: takes_long(row[0].program, row[1]) != first)
    dealt = [[] for _ in range(blocks)]
    for label, ranks in (("miner", order), ("benign", order[::-1])):
        for block, part in zip(ranks, deal(rows[label], blocks)):
            dealt[block].extend(part)
    plan = []
    for block, part in enumerate(dealt):
        source.shuffle(part)
        part.sort(key=lambda row: row[2])   # those alone at the end of their block
        for wish, cores, alone, place, engine_name in part:
            plan.append(Run(wish.program, wish.number, first_block + block, first_order + len(plan), cores, engine_name,
                            wish.program.place or place, source.choice(network.NETS), source.choice(network.PORTS),
                            round(source.uniform(EARLIEST, LATEST), 2), alone, seconds[block]))
    return plan
