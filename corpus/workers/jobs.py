"""The kinds of jobs: how one is made, and how an answer is checked. A check returns the units of work done, 0 for a wrong answer."""
import functools
import math
import re

import searches


def transcode_job(random):
    return {"size": random.choice(["640x360", "854x480"]), "frames": random.randrange(60, 200), "codec": random.choice(["libx264", "mpeg4", "libvpx"]),
            "pattern": random.choice(["testsrc2", "mandelbrot", "smptebars"])}


def transcode_check(job, result):
    return job["frames"] if result.get("frames") == job["frames"] and result.get("bytes", 0) > 100 else 0


def render_job(random):
    return {"x": random.randrange(0, 1856, 64), "y": random.randrange(0, 1016, 64), "size": 64, "samples": random.randrange(300, 900), "seed": random.randrange(1 << 30)}


def render_check(job, result):
    pixels = result.get("pixels", "")
    return job["samples"] * job["size"] ** 2 if len(pixels) == job["size"] ** 2 * 2 and set(pixels) != {"0"} else 0


def infer_job(random):
    return {"tokens": [random.randrange(4000) for _ in range(random.randrange(32, 160))], "steps": random.randrange(4, 20)}


def infer_check(job, result):
    made = result.get("tokens", [])
    return len(made) if len(made) == job["steps"] and all(isinstance(t, int) and 0 <= t < 4000 for t in made) else 0


POSITIONS = ("rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1", "r1bqkbnr/pppp1ppp/2n5/4p3/2B1P3/5N2/PPPP1PPP/RNBQK2R b KQkq - 3 3",
             "r2q1rk1/ppp2ppp/2npbn2/2b1p3/4P3/2NPBN2/PPP1BPPP/R2Q1RK1 w - - 4 8", "8/5pk1/6p1/8/3R4/6P1/5PK1/2r5 w - - 0 40")


def chess_job(random):
    return {"fen": random.choice(POSITIONS), "milliseconds": random.randrange(2000, 9000)}


def chess_check(job, result):
    return result.get("nodes", 0) if re.fullmatch(r"[a-h][1-8][a-h][1-8][qrbn]?", result.get("move", "")) else 0


def primes_job(random):
    """A range to search for prime quintuplets: a new one is pushed every 20 to 120 s, as a pool pushes blocks."""
    return {"start": random.randrange(10 ** 17, 4 * 10 ** 18), "pattern": [0, 2, 6, 8, 12]}


def is_prime(n):
    if n < 2 or any(n % p == 0 and n != p for p in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)):
        return False
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37):
        x = pow(base, odd, n)
        if x not in (0, 1, n - 1) and all((x := x * x % n) != n - 1 for _ in range(twos - 1)):
            return False
    return True


def primes_check(job, result):
    found = int(result.get("found", 0))
    return 1 if found >= job["start"] and all(is_prime(found + step) for step in job["pattern"]) else 0


def options_job(random):
    return {"spot": 100.0, "strike": random.uniform(80, 120), "rate": 0.03, "volatility": random.uniform(0.1, 0.5), "years": 1.0,
            "paths": random.randrange(4_000_000, 16_000_000)}


def black_scholes(job):
    spread = job["volatility"] * math.sqrt(job["years"])
    d1 = (math.log(job["spot"] / job["strike"]) + (job["rate"] + job["volatility"] ** 2 / 2) * job["years"]) / spread

    def normal(x):
        return (1 + math.erf(x / math.sqrt(2))) / 2
    return job["spot"] * normal(d1) - job["strike"] * math.exp(-job["rate"] * job["years"]) * normal(d1 - spread)


def options_check(job, result):
    """The simulated price must agree with the closed form."""
    return job["paths"] if abs(result.get("price", -1) - black_scholes(job)) < 0.15 else 0


def fold_job(random):
    return {"chain": "".join(random.choice("HP") for _ in range(random.randrange(48, 80))), "seconds": random.randrange(8, 30), "seed": random.randrange(1 << 30)}


def fold_energy(chain, moves):
    """Contacts between H that are not neighbours on the chain, on the square lattice; None if the fold crosses itself."""
    at = (0, 0)
    places = {at: 0}
    for index, move in enumerate(moves, 1):
        step = {"U": (0, 1), "D": (0, -1), "L": (-1, 0), "R": (1, 0)}[move]
        at = (at[0] + step[0], at[1] + step[1])
        if at in places:
            return None
        places[at] = index
    pairs = ((i, places.get((x + 1, y))) for (x, y), i in places.items()), ((i, places.get((x, y + 1))) for (x, y), i in places.items())
    return -sum(1 for group in pairs for i, k in group if k is not None and abs(i - k) > 1 and chain[i] == chain[k] == "H")


def fold_check(job, result):
    moves = result.get("moves", "")
    legal = len(moves) == len(job["chain"]) - 1 and set(moves) <= set("UDLR")
    return result.get("steps", 0) if legal and fold_energy(job["chain"], moves) == result.get("energy") else 0


KINDS = {name: (globals()[name + "_job"], globals()[name + "_check"]) for name in
         ("transcode", "render", "infer", "chess", "primes", "options", "fold")}
KINDS |= {name: (getattr(searches, name + "_job"), getattr(searches, name + "_check")) for name in searches.NAMES}
KINDS["gaps"] = (searches.gaps_job, functools.partial(searches.gaps_check, is_prime=is_prime))
