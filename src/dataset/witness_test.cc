#include "dataset/witness.h"

#include <gtest/gtest.h>

#include "base/scratch_folder_test.h"
#include "dataset/recorded_test.h"

namespace davy::dataset {
namespace {

struct Nowhere final : event::SliceSink {
  void on_slice(const event::Slice&) override { ++slices; }
  void on_slice_end(const event::Health&) override { ++ends; }
  int slices = 0, ends = 0;
};

TEST(Witness, TellsWhatTheSlicesShow) {
  const ScratchFolder folder;
  const auto path = folder / "a.davy";
  Recorded{header_of(event::Label::kMiner, "m"), {{event::miner_like(2)}, {event::server_like()}}, 12, 1}.write(path);
  const auto reader = event::RecordingReader::open(path);
  ASSERT_TRUE(reader);
  Nowhere nowhere;
  Witness witness(nowhere);
  ASSERT_TRUE((*reader)->run(witness, [] { return false; }));
  const auto seen = witness.seen((*reader)->header());
  EXPECT_EQ(seen.at("seconds"), "120");
  EXPECT_EQ(seen.at("cpus"), "4");
  EXPECT_EQ(seen.at("kernel"), (*reader)->host().kernel);
  EXPECT_FALSE(seen.at("uid").empty());
  EXPECT_EQ(nowhere.ends, 12) << "everything is handed on";
  EXPECT_EQ(nowhere.slices, 24);
  std::filesystem::remove(path);
}

TEST(Witness, AStyleIsAPathWithoutWhatNamesOneContainer) {
  const std::string id(64, 'a');
  EXPECT_EQ(style_of("/docker/" + id), "/docker/*");
  EXPECT_EQ(style_of("/system.slice/docker-" + id + ".scope"), "/system.slice/docker*.scope");
  EXPECT_EQ(style_of("/kubepods/burstable/pod01234567-89ab-cdef-0123-456789abcdef/" + id), "/kubepods/burstable/po*/*")
      << "d is a digit, too";
  EXPECT_EQ(style_of("/init.scope"), "/init.scope");
}

}  // namespace
}  // namespace davy::dataset
