"""More kinds of jobs, most of them searches: workers take piece after piece of a job and send what they find, until the next job is pushed.

As in jobs.py, a kind is made by NAME_job and judged by NAME_check, which returns the units of work that an answer proves.
"""
import cmath
import functools
import hashlib
import math

MASK = (1 << 64) - 1


def numbers(state):
    """The generator of link.h, Align.go and the others: 31 bits each."""
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) & MASK
        yield state >> 33


def sat_job(random):
    return {"variables": 400, "clauses": random.randrange(1660, 1680), "flips": 1_500_000, "seed": random.randrange(1 << 40)}


def sat_check(job, result):
    """The model satisfies every clause of problem `index`."""
    draw, model, index = numbers(job["seed"] + result["index"]), result["model"], result["index"]
    if index < 0 or len(model) != job["variables"]:
        return 0
    for _ in range(job["clauses"]):
        literals = [next(draw) % (2 * job["variables"]) for _ in range(3)]
        if not any(int(model[literal >> 1]) != literal & 1 for literal in literals):
            return 0
    return 1


def stamp_job(random):
    return {"mailing": f"letter-{random.randrange(10 ** 6)}.example.org", "bits": random.randrange(19, 22), "date": f"26{random.randrange(1, 13):02}{random.randrange(1, 29):02}"}


def stamp_check(job, result):
    stamp = result["stamp"]
    wanted = f"1:{job['bits']}:{job['date']}:member{int(result['recipient'])}@{job['mailing']}::"
    return 1 if stamp.startswith(wanted) and int.from_bytes(hashlib.sha1(stamp.encode()).digest(), "big") >> (160 - job["bits"]) == 0 else 0


def ecm_job(random):
    return {"start": str(random.randrange(10 ** 75, 10 ** 76) | 1), "bound": random.randrange(6000, 15000)}


def ecm_check(job, result):
    factor, number = int(result["factor"]), int(job["start"]) + int(result["index"])
    return 1 if 10 ** 12 <= factor < number and number % factor == 0 else 0


def gaps_job(random):
    return {"start": random.randrange(10 ** 14, 9 * 10 ** 14), "least": random.choice((420, 430, 440))}


def gaps_check(job, result, is_prime):
    """Two primes with none between them."""
    low, gap = int(result["prime"]), int(result["gap"])
    return gap if job["least"] <= gap < 2000 and low >= job["start"] and is_prime(low) and is_prime(low + gap) and not any(is_prime(n) for n in range(low + 2, low + gap, 2)) else 0


def routes_job(random):
    return {"cities": random.randrange(300, 500), "seed": random.randrange(1 << 40)}


def routes_check(job, result):
    """A tour through all cities of problem `index`, as long as it says, and clearly shorter than a greedy one would be."""
    draw, tour = numbers(job["seed"] + result["index"]), result["tour"]
    cities = [(next(draw) % 100000, next(draw) % 100000) for _ in range(job["cities"])]
    if sorted(tour) != list(range(job["cities"])):
        return 0
    length = sum(math.dist(cities[a], cities[b]) for a, b in zip(tour, tour[1:] + tour[:1]))
    return job["cities"] if abs(length - result["length"]) < 1 and length < 0.83 * math.sqrt(job["cities"]) * 100000 else 0


SURFACES, RAYS = 4, 9


def lens_job(random):
    return {"focus": random.randrange(80, 200), "aperture": random.randrange(8, 14), "limit": 0.0125, "seed": random.randrange(1 << 40)}


def lens_spot(curves, focus, aperture):
    """Root mean square of where nine parallel rays in one plane meet the image plane of a cemented-like pair of lenses; None if one misses."""
    places, glasses, heights = (0.0, 6.0, 6.5, 9.0), (1.5168, 1.0, 1.6727, 1.0), []
    for k in range(RAYS):
        x, y, angle, index = -20.0, aperture * (k - RAYS // 2) / (RAYS // 2) + 0.01, 0.0, 1.0
        for curve, place, glass in zip(curves, places, glasses):
            radius = 1 / curve
            centre = place + radius
            along, up = math.cos(angle), math.sin(angle)
            from_x, b = x - centre, (x - centre) * along + y * up
            inside = b * b - (from_x * from_x + y * y - radius * radius)
            if inside < 0:
                return None
            way = -b - math.copysign(math.sqrt(inside), radius)
            x, y = x + way * along, y + way * up
            normal = math.asin(max(-1.0, min(1.0, y / radius)))
            sine = index / glass * math.sin(angle + normal)
            if abs(sine) >= 1:
                return None
            angle, index = math.asin(sine) - normal, glass
        heights.append(y + (9.0 + focus - x) * math.tan(angle))
    return math.sqrt(sum(h * h for h in heights) / RAYS)


def lens_check(job, result):
    curves = [float(c) for c in result["curves"]]
    spot = lens_spot(curves, job["focus"], job["aperture"]) if len(curves) == SURFACES and all(1e-4 < abs(c) < 0.05 for c in curves) else None
    return 1 if spot is not None and spot < job["limit"] * 1.001 else 0


RESIDUES = 20


def residues(seed, length):
    draw = numbers(seed)
    return [next(draw) % RESIDUES for _ in range(length)]


def score(a, b):
    """What two residues are worth beside each other: the same 6, of a group 1, else -2."""
    return 6 if a == b else 1 if a // 4 == b // 4 else -2


def align_job(random):
    return {"query": random.randrange(1 << 30), "length": random.randrange(180, 320), "library": random.randrange(1 << 30), "count": random.randrange(1500, 4000)}


def align_check(job, result):
    """The best of the library: its score is computed again (Smith and Waterman, gaps 8 and 1)."""
    at = int(result["index"])
    if not 0 <= at < job["count"]:
        return 0
    query, subject = residues(job["query"], job["length"]), residues(job["library"] + at, 200 + at % 100)
    best, above, gaps = 0, [0] * (len(subject) + 1), [-99] * (len(subject) + 1)
    for a in query:
        left, gap, row = 0, -99, [0]
        for k, b in enumerate(subject):
            gap, gaps[k] = max(gap - 1, left - 8), max(gaps[k] - 1, above[k + 1] - 8)
            left = max(0, above[k] + score(a, b), gap, gaps[k])
            row.append(left)
        above, best = row, max(best, max(row))
    return job["count"] if best == result["score"] and best > 40 else 0


def factors_job(random):
    return {"users": random.randrange(1200, 2400), "items": random.randrange(500, 900), "rank": random.randrange(6, 12), "seed": random.randrange(1 << 30),
            "probes": [[random.randrange(1200), random.randrange(500)] for _ in range(12)]}


def taste(job, kind, at):
    """The hidden factors of a user or an item: what the worker has to find from noisy sums of products."""
    draw = numbers(job["seed"] * 4 + kind + at * 16)
    next(draw)
    return [next(draw) % 2001 / 1000 - 1 for _ in range(job["rank"])]


def factors_check(job, result):
    """Ratings that the worker has not seen are foretold well."""
    told = result["told"]
    if len(told) != len(job["probes"]):
        return 0
    wrong = [abs(sum(a * b for a, b in zip(taste(job, 0, user), taste(job, 1, item))) - guess) for (user, item), guess in zip(job["probes"], told)]
    return int(result["sweeps"]) if sum(wrong) / len(wrong) < 0.25 else 0


def speech_job(random):
    return {"tone": random.randrange(200, 3000), "seconds": random.randrange(6, 14), "seed": random.randrange(1 << 30), "frame": random.randrange(400), "speeds": random.randrange(8, 24)}


def speech_check(job, result):
    """The energies of one frame at four speeds, computed again by a plain Fourier sum."""
    energies, probes, bands = result["energies"], 4, 24
    if len(energies) != probes * bands:
        return 0
    window = [0.54 - 0.46 * math.cos(2 * math.pi * i / 399) for i in range(400)]
    top = 2595 * math.log10(1 + 8000 / 700)
    for probe in range(probes):
        speed, samples, sums = 0.8 + 0.4 * (probe * (job["speeds"] - 1) // (probes - 1)) / job["speeds"], [], [1e-9] * bands
        for i in range(400):
            at = job["frame"] * 160 + i
            draw = numbers((job["seed"] + at * 2654435761) & MASK)
            next(draw)
            samples.append(window[i] * (math.sin(2 * math.pi * job["tone"] * speed * at / 16000) + 0.1 * (next(draw) % 20001 / 10000 - 1)))
        turns = [cmath.exp(-2j * math.pi * k / 512) for k in range(512)]
        for k in range(1, 256):
            band = int(2595 * math.log10(1 + k * 31.25 / 700) / top * bands)
            sums[band] += abs(sum(value * turns[i * k % 512] for i, value in enumerate(samples))) ** 2
        if any(abs(math.log(total) - told) > 0.05 for total, told in zip(sums, energies[probe * bands:])):
            return 0
    return int(result["frames"])


CONTEXT, EMBED, LAYERS, WORDS = 8, 32, 4, 2000


@functools.cache
def language_model():
    """The weights of tokens.c."""
    draw, width = numbers(1), CONTEXT * EMBED

    def fill(rows, columns):
        return [[next(draw) % 15 - 7 for _ in range(columns)] for _ in range(rows)]
    return fill(WORDS, EMBED), [fill(width, width) for _ in range(LAYERS)], fill(WORDS, width)


def next_token(window):
    embed, layers, head = language_model()
    x = [value for token in window for value in embed[token]]
    for rows in layers:
        x = [max(0, sum(map(int.__mul__, row, x))) // 32 % 128 for row in rows]
    worth = [sum(map(int.__mul__, row, x)) for row in head]
    return worth.index(max(worth))


def tokens_job(random):
    return {"prompt": [random.randrange(WORDS) for _ in range(CONTEXT)], "steps": random.randrange(20, 80)}


def tokens_check(job, result):
    """The last token of the answer follows from those before it."""
    made = result["tokens"]
    if len(made) != job["steps"]:
        return 0
    return job["steps"] * int(result["samples"]) if next_token((job["prompt"] + made)[-CONTEXT - 1:-1]) == made[-1] else 0


def tests_job(random):
    return {"cases": random.randrange(2, 6), "size": random.randrange(1500, 4000), "seed": random.randrange(1 << 40)}


def tests_check(job, result):
    """All passed, and the last case's fingerprint is right."""
    draw = numbers(job["seed"] + job["cases"] - 1)
    values = sorted(next(draw) % 100000 for _ in range(job["size"]))
    return job["cases"] if result["passed"] == job["cases"] and result["mark"] == hashlib.sha256(str(values).encode()).hexdigest()[:16] else 0


def vault_job(random):
    return {"users": [[f"user{random.randrange(10 ** 6)}", f"{random.getrandbits(64):016x}"] for _ in range(random.randrange(1, 5))], "passes": 2, "kib": random.choice((19456, 32768, 47104))}


def vault_check(job, result):
    """One of the hashes, computed again."""
    from argon2.low_level import Type, hash_secret_raw   # in the image's package python3-argon2
    hashes = result["hashes"]
    if len(hashes) != len(job["users"]) or len(set(hashes)) != len({tuple(user) for user in job["users"]}):
        return 0
    name, salt = job["users"][-1]
    wanted = hash_secret_raw(f"password of {name}".encode(), bytes.fromhex(salt), job["passes"], job["kib"], 1, 32, Type.ID)
    return len(hashes) if hashes[-1] == wanted.hex() else 0


NAMES = ("sat", "stamp", "ecm", "gaps", "routes", "lens", "align", "factors", "speech", "tokens", "tests", "vault")
