"""Who runs when: balanced, interleaved blocks in random order from a seed, so that neither time nor company tells the label."""
import dataclasses
import math
import random

from runner import network

SHARED_CORES = (0.6, 0.6, 1.0, 2.0)   # drawn alike for miners and honest programs
CONTENDED = 0.6                        # cores that a program can count on beside others
ALONE_EVERY = 20                       # one run in so many has the machine to itself, with two cores
SHORT, LONG = 200, 310                 # seconds from the start of a program to the end of its recording
NEEDED = 120                           # seconds of verified work that make a recording usable


@dataclasses.dataclass(frozen=True)
class Run:
    program: object
    number: int
    block: int
    order: int
    cores: float
    place: str
    net: str
    port: int
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


def jobs_of(programs, runs, source):
    """(program, number of the run), by label. A miner runs `runs` times in each variant; an honest program `runs` times altogether,
    in turn plain and throttled, so that as many honest runs as miners' are throttled."""
    miners = [(program, number) for program in programs if program.label == "miner" for number in range(1, runs + 1)]
    honest = []
    for name in sorted({program.program for program in programs if program.label == "benign"}):
        variants = [program for program in programs if program.program == name]
        honest += [(program, number) for number, program in enumerate(cycle(source, variants, runs), 1)]
    return {"miner": miners, "benign": honest}


def takes_long(program, cores):
    """Whether SHORT seconds are too few for its preparation (a dataset) and the work that must be seen. Others want the CPU too."""
    return program.warmup / min(cores, program.threads, CONTENDED) + NEEDED + 20 > SHORT


def lengths(miners, blocks, source):
    """Seconds of every run of a block, by block: long for as many blocks as the miners' preparation needs, for all in it alike."""
    share = len(miners) / blocks or 1
    long_blocks = min(blocks, math.ceil(sum(takes_long(program, cores) for (program, _), cores, *_ in miners) / share))
    drawn = [LONG] * long_blocks + [SHORT] * (blocks - long_blocks)
    source.shuffle(drawn)
    return drawn


def make_plan(programs, runs, seed, block_size=9):
    """All runs in the order to start them. The same arguments give the same plan, so a stopped one goes on.

    What could tell the label is drawn alike for both: quota, place, address, port, company, and the length of the recording, which
    all runs of a block share. A miner with much to prepare is dealt to a long block.
    """
    source = random.Random(seed)
    jobs = jobs_of(programs, runs, source)
    blocks = max(1, round(sum(map(len, jobs.values())) / block_size))
    rows = {}
    for label, mine in jobs.items():
        source.shuffle(mine)
        alone = cycle(source, [True] + [False] * (ALONE_EVERY - 1), len(mine))
        cores = [2.0 if by_itself else drawn for by_itself, drawn in zip(alone, cycle(source, SHARED_CORES, len(mine)))]
        cores = [program.cores or drawn for (program, _), drawn in zip(mine, cores)]
        rows[label] = list(zip(mine, cores, alone, cycle(source, network.PLACES, len(mine))))
    seconds = lengths(rows["miner"], blocks, source)
    order = sorted(range(blocks), key=lambda block: -seconds[block])
    rows["miner"].sort(key=lambda row: not takes_long(row[0][0], row[1]))
    dealt = [[] for _ in range(blocks)]
    for label, ranks in (("miner", order), ("benign", order[::-1])):
        for block, part in zip(ranks, deal(rows[label], blocks)):
            dealt[block].extend(part)
    plan = []
    for block, part in enumerate(dealt):
        source.shuffle(part)
        part.sort(key=lambda row: row[2])   # those alone at the end of their block
        for (program, number), cores, alone, place in part:
            plan.append(Run(program, number, block, len(plan), cores, program.place or place, source.choice(network.NETS),
                            source.choice(network.PORTS), alone, seconds[block]))
    return plan


def make_alone_plan(programs, honest_per_miner, seed):
    """Every miner and `honest_per_miner` times as many honest programs, drawn by the seed, once each, unthrottled, with the machine to itself.

    A run among three others gets about half a core: its dataset takes minutes. This is the other end: two cores and nobody else. They are
    numbered 0 and are block -1, beside the runs of make_plan(), and are as long as its short ones, miners and honest programs mixed.
    """
    source = random.Random(seed)
    unthrottled = [program for program in programs if not program.variant.startswith("throttled")]
    by_label = {label: sorted({program.program for program in unthrottled if program.label == label}) for label in ("miner", "benign")}
    source.shuffle(by_label["benign"])
    names = by_label["miner"] + by_label["benign"][:honest_per_miner * len(by_label["miner"])]
    source.shuffle(names)
    plan = []
    for name in names:
        program = source.choice([program for program in unthrottled if program.program == name])
        place = program.place or source.choice(network.PLACES)
        plan.append(Run(program, 0, -1, len(plan), 2.0, place, source.choice(network.NETS), source.choice(network.PORTS), True, SHORT))
    return plan
