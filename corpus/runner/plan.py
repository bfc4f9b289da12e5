"""Who runs when: balanced, interleaved blocks in random order from a seed, so that neither time nor company tells the label."""
import dataclasses
import random

from runner import network

SHARED_CORES = (0.6, 0.6, 1.0, 2.0)   # drawn alike for miners and honest programs
ALONE_EVERY = 16                       # one run in so many has the machine to itself, with two cores


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


def spread(items, blocks):
    """Deals items over blocks so that no block has two more than another."""
    return [items[start::blocks] for start in range(blocks)]


def make_plan(programs, runs, seed, block_size=9):
    """All runs in the order to start them. The same arguments give the same plan, so a stopped one goes on."""
    source = random.Random(seed)
    jobs = [(program, number) for number in range(1, runs + 1) for program in programs]
    blocks = max(1, round(len(jobs) / block_size))
    dealt = [[] for _ in range(blocks)]
    for label in ("miner", "benign"):
        mine = [job for job in jobs if job[0].label == label]
        source.shuffle(mine)
        cores = cycle(source, SHARED_CORES, len(mine))
        alone = cycle(source, [True] + [False] * (ALONE_EVERY - 1), len(mine))
        places = cycle(source, network.PLACES, len(mine))
        rows = list(zip(mine, cores, alone, places))
        for block, part in enumerate(spread(rows, blocks)):
            dealt[block if label == "miner" else blocks - 1 - block].extend(part)
    plan = []
    for block, part in enumerate(dealt):
        source.shuffle(part)
        part.sort(key=lambda row: row[2])   # those alone at the end of their block
        for (program, number), core, alone, place in part:
            plan.append(Run(program, number, block, len(plan), program.cores or (2.0 if alone else core),
                            program.place or place, source.choice(network.NETS), source.choice(network.PORTS), alone))
    return plan
