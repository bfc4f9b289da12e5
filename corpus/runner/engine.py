"""Where container engines put their containers in the cgroup tree. Drawn alike for both labels, so that the path tells nothing."""
import hashlib
import pathlib
import uuid

ROOTS = ("/sys/fs/cgroup/*", "/sys/fs/cgroup")   # each controller's tree, or the unified one


def pod_of(name):
    """A pod's identity, always the same for a container's name."""
    return str(uuid.UUID(hashlib.sha256(name.encode()).hexdigest()[:32]))


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


def remove_pod(engine, name):
    """The pod's own cgroup, which runc makes and leaves; the levels above are everybody's."""
    parent = pathlib.PurePosixPath(cgroup_path(engine, name)).parent
    if "pod" not in parent.name or parent.name in ("kubepods", "libpod_parent"):
        return
    for root in ROOTS:
        for folder in pathlib.Path("/").glob(f"{root}{parent}".lstrip("/")):
            try:
                folder.rmdir()
            except OSError:
                pass   # another container is in it, or it is gone
