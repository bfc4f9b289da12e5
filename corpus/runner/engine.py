"""Where container engines put their containers in the cgroup tree. Drawn alike for both labels, so that the path tells nothing."""
import hashlib
import pathlib
import re
import uuid

ROOTS = ("/sys/fs/cgroup/*", "/sys/fs/cgroup")   # each controller's tree, or the unified one
POD = re.compile(r"pod([0-9a-f]{8}([-_][0-9a-f]{4}){3}[-_][0-9a-f]{12})(\.slice)?$")


def pod_of(name):
    """A pod's identity, always the same for a container's name."""
    return str(uuid.UUID(hashlib.sha256(name.encode()).hexdigest()[:32]))


def pod_in(folder):
    """The pod's identity in the name of its cgroup, or ""."""
    found = POD.search(folder)
    return found.group(1).replace("_", "-") if found else ""


def made_here(pod):
    """Whether it cannot be a kubelet's pod: those have random identities, which say so (RFC 9562, version 4); ours are digests, of
    which one in 64 looks like that."""
    return uuid.UUID(pod).version != 4


# engine -> cgroup path of the container called by 64 hexadecimal digits
PATHS = {
    "docker": lambda name: f"/docker/{name}",
    "docker-systemd": lambda name: f"/system.slice/docker-{name}.scope",
    "containerd": lambda name: f"/default/{name}",
    "kubernetes": lambda name: f"/kubepods/burstable/pod{pod_of(name)}/{name}",
    "kubernetes-systemd": lambda name: "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod"
                                       f"{pod_of(name).replace('-', '_')}.slice/cri-containerd-{name}.scope",
    "podman": lambda name: f"/libpod_parent/libpod-{name}",
}
ENGINES = tuple(PATHS)


def cgroup_path(engine, name):
    return PATHS[engine](name)


def remove_cgroup(engine, name):
    """What runc leaves: the container's own folder where it did not use the tree (the unified one of a hybrid host), and the pod's; the
    levels above are everybody's."""
    path = pathlib.PurePosixPath(cgroup_path(engine, name))
    for one in (path, path.parent) if pod_in(path.parent.name) else (path,):
        for root in ROOTS:
            for folder in pathlib.Path("/").glob(f"{root}{one}".lstrip("/")):
                try:
                    folder.rmdir()
                except OSError:
                    pass   # somebody is in it, or it is gone
