#include "collect/privileges.h"

#include <gtest/gtest.h>

namespace davy::collect {
namespace {

TEST(KernelVersion, ReadsReleases) {
  EXPECT_EQ(kernel_version_from("6.1.0-18-amd64"), (KernelVersion{6, 1}));
  EXPECT_EQ(kernel_version_from("5.19"), (KernelVersion{5, 19}));
  EXPECT_EQ(kernel_version_from("nonsense"), (KernelVersion{0, 0}));
  EXPECT_GT(kernel_version(), (KernelVersion{3, 0}));
}

TEST(KernelVersion, OnlyOldKernelsKeepOneCapability) {
  EXPECT_EQ(capabilities_to_iterate({5, 18}), std::uint64_t{1} << 39);
  EXPECT_EQ(capabilities_to_iterate({5, 19}), 0U);
  EXPECT_EQ(capabilities_to_iterate({6, 1}), 0U);
}

TEST(Privileges, NothingLeftMeansNothing) {
  const Privileges none{.uid = 65534, .gid = 65534, .saved_uid = 65534};
  EXPECT_TRUE(none.nothing_left());
  for (const auto spoil :
       {+[](Privileges& p) { p.uid = 0; }, +[](Privileges& p) { p.gid = 0; }, +[](Privileges& p) { p.saved_uid = 0; },
        +[](Privileges& p) { p.groups = 1; }, +[](Privileges& p) { p.effective = 1; },
        +[](Privileges& p) { p.permitted = 1; }, +[](Privileges& p) { p.inheritable = 1; },
        +[](Privileges& p) { p.bounding = 1; }, +[](Privileges& p) { p.ambient = 1; }}) {
    Privileges spoilt = none;
    spoil(spoilt);
    EXPECT_FALSE(spoilt.nothing_left());
  }
}

}  // namespace
}  // namespace davy::collect
