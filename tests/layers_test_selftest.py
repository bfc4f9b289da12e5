#!/usr/bin/env python3
"""Tests of layers_test.py on small trees that break one rule each."""
import pathlib
import tempfile
import unittest

import layers_test

LAYERS = "# comment\nbase:\nevent: base\ncollect: base event\nfeature: base event  # comment\n"


class Layers(unittest.TestCase):
    def faults(self, files, layers=LAYERS):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in {"src/LAYERS": layers, **files}.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            return layers_test.faults_of(root)

    def test_downward_and_own_includes_hold(self):
        text = '#include "base/id.h"\n#include "event/slice.h"\n#include "local.h"\n#include <sys/stat.h>\n'
        self.assertEqual(self.faults({"src/event/x.h": text, "src/feature/deep/y.cc": text}), [])

    def test_upward_include_is_named_with_its_line(self):
        faults = self.faults({"src/event/x.cc": '\n  # include "feature/schema.h"\n'})
        self.assertEqual(faults, ["src/event/x.cc:2: event may not include feature (src/LAYERS)"])

    def test_folder_that_is_not_listed_is_a_fault(self):
        faults = self.faults({"src/utils/x.h": ""})
        self.assertEqual(faults, ["src/utils/x.h: folder utils is not in src/LAYERS"])

    def test_angle_brackets_around_our_own_are_a_fault(self):
        faults = self.faults({"src/event/x.h": "#include <base/id.h>\n"})
        self.assertEqual(faults, ["src/event/x.h:1: <base/id.h> is ours: include it in quotes"])

    def test_listing_a_folder_below_is_a_fault(self):
        faults = self.faults({}, "base: event\nevent: base\n")
        self.assertEqual(faults, ["src/LAYERS:1: base lists event, which is not above it"])

    def test_labels_do_not_reach_features(self):
        faults = self.faults({"src/feature/x.cc": '#include "event/recording.h"\n'})
        self.assertEqual(len(faults), 1)
        self.assertIn("no label reaches", faults[0])

    def test_only_collect_knows_the_kernel_side(self):
        for include in ("<bpf/libbpf.h>", '"davy_abi.h"', '"davy.skel.h"', "<linux/bpf.h>"):
            text = f"#include {include}\n"
            self.assertEqual(self.faults({"src/collect/x.cc": text}), [], include)
            self.assertEqual(len(self.faults({"src/event/x.cc": text})), 1, include)

    def test_who_writes_a_format_alone_knows_its_bytes(self):
        layers = LAYERS + "model: base\n"
        for folder, other, name in (("event", "model", "slice"), ("model", "event", "onnx")):
            text = f'#include "{folder}/{name}.pb.h"\n'
            self.assertEqual(self.faults({f"src/{folder}/x.cc": text}, layers), [])
            self.assertIn(f"only {folder}/ knows", "".join(self.faults({f"src/{other}/x.cc": text}, layers)))


if __name__ == "__main__":
    unittest.main()
