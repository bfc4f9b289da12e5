"""The parts of corpus/run: catalogue, root file system, network, container, work meter, plan."""
