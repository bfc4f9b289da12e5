"""Network namespaces without a way out: loopback only, or one private veth pair. Never a default route."""
import subprocess

# One list for miners and honest programs alike, so that neither port nor address tells the label.
PORTS = (3333, 4444, 5000, 5555, 6380, 7777, 8080, 8443, 9000, 9999, 14444, 18090)
PLACES = ("loopback", "veth")
NETS = ("10.20.30", "10.77.4", "172.19.8", "172.28.1", "192.168.50", "192.168.122")


def sh(*words, check=True):
    return subprocess.run(words, check=check, capture_output=True, text=True)


class Network:
    """Namespaces of one run. `inner` is the container's; the peer sits in `outer` (the same one on loopback)."""

    def __init__(self, tag, place, net, port):
        self.tag, self.place, self.port = tag, place, port
        self.inner = f"davy-{tag}"
        self.outer = self.inner if place == "loopback" else f"davy-{tag}-p"
        self.inner_address = "127.0.0.1" if place == "loopback" else f"{net}.2"
        self.outer_address = "127.0.0.1" if place == "loopback" else f"{net}.1"

    def __enter__(self):
        self.close()
        try:
            for name in sorted({self.inner, self.outer}):
                sh("ip", "netns", "add", name)
                sh("ip", "-n", name, "link", "set", "lo", "up")
            if self.place == "veth":
                self.link()
            self.check_sealed()
        except BaseException:
            self.close()
            raise
        return self

    def link(self):
        sh("ip", "link", "add", "eth0", "netns", self.inner, "type", "veth", "peer", "name", "eth0", "netns", self.outer)
        for name, address in ((self.inner, self.inner_address), (self.outer, self.outer_address)):
            sh("ip", "-n", name, "address", "add", f"{address}/30", "dev", "eth0")
            sh("ip", "-n", name, "link", "set", "eth0", "up")

    def check_sealed(self):
        for name in (self.inner, self.outer):
            routes = sh("ip", "-n", name, "route", "show", "table", "all").stdout
            for line in filter(None, routes.splitlines()):
                if not self.leads_nowhere(line):
                    raise RuntimeError(f"namespace {name} has a route out ({line.strip()}); refusing to start anything in it")

    def leads_nowhere(self, route):
        """A route of the host itself, of its link, or of the pair's own net; nothing else may be there."""
        words = route.split()
        if words[0] in ("local", "broadcast", "multicast", "anycast") or words[0].startswith(("fe80:", "ff00:", "::1")):
            return True
        return self.place == "veth" and words[0] == f"{self.inner_address.rpartition('.')[0]}.0/30" and "via" not in words

    def close(self):
        for name in {self.inner, self.outer}:
            sh("ip", "netns", "delete", name, check=False)

    def __exit__(self, *_):
        self.close()
