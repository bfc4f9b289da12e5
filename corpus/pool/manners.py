"""How a pool misbehaves, as real ones do: refuses logins and shares, falls silent, hangs up."""


class Manners:
    """What one pool does to all of its connections.

    refuse_logins   so many logins are refused before one is let in
    refuse_shares   the part of good shares that is refused all the same
    silent_after    seconds of a connection after which nothing is sent any more, neither answers nor jobs; 0: never
    close_after     seconds of a connection after which it is closed; 0: never
    """

    def __init__(self, random, refuse_logins=0, refuse_shares=0.0, silent_after=0.0, close_after=0.0):
        self.random = random
        self.logins_to_refuse = refuse_logins
        self.refuse_shares, self.silent_after, self.close_after = refuse_shares, silent_after, close_after

    def refuses_login(self):
        self.logins_to_refuse -= 1
        return self.logins_to_refuse >= 0

    def refuses_share(self):
        return self.random.random() < self.refuse_shares

    def is_silent(self, age):
        return 0 < self.silent_after <= age

    def hangs_up(self, age):
        return 0 < self.close_after <= age


def add_arguments(parser):
    parser.add_argument("--refuse-logins", type=int, default=0, metavar="N", help="refuse the first N logins")
    parser.add_argument("--refuse-shares", type=float, default=0.0, metavar="PART", help="refuse this part of the good shares")
    parser.add_argument("--silent-after", type=float, default=0.0, metavar="S", help="say nothing more on a connection after S seconds")
    parser.add_argument("--close-after", type=float, default=0.0, metavar="S", help="close a connection after S seconds")


def of(options, random):
    return Manners(random, options.refuse_logins, options.refuse_shares, options.silent_after, options.close_after)
