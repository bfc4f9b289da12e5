#include "event/codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>

#include "event/synthetic.h"

namespace davy::event {
namespace {

/// Holds a list of counters.h against an enum of slice.proto: same rows, same numbers, same names.
template <typename Enum>
void expect_same_list(const google::protobuf::EnumDescriptor& list, const std::string& prefix) {
  ASSERT_EQ(static_cast<std::size_t>(list.value_count()), kCountOf<Enum>) << list.name();
  for (std::size_t row = 0; row < kCountOf<Enum>; ++row) {
    std::string expected = prefix + std::string(name_of(static_cast<Enum>(row)));
    std::transform(expected.begin(), expected.end(), expected.begin(), [](unsigned char c) { return std::toupper(c); });
    const auto* value = list.FindValueByNumber(static_cast<int>(row));
    ASSERT_NE(value, nullptr) << expected;
    EXPECT_EQ(value->name(), expected);
  }
}

TEST(Codec, ListsAreThoseOfTheSchema) {
  expect_same_list<Sum>(*proto::Sum_descriptor(), "SUM_");
  expect_same_list<Peak>(*proto::Peak_descriptor(), "PEAK_");
  expect_same_list<Flag>(*proto::Flag_descriptor(), "FLAG_");
  expect_same_list<FileClass>(*proto::FileClass_descriptor(), "FILE_CLASS_");
  expect_same_list<LibraryClass>(*proto::LibraryClass_descriptor(), "LIBRARY_CLASS_");
}

template <typename Message>
Message over_the_wire(const Message& message) {
  Message back;
  EXPECT_TRUE(back.ParseFromString(message.SerializeAsString()));
  return back;
}

TEST(Codec, ActivitiesComeBackAsTheyWere) {
  CounterRandom random(3);
  for (int i = 0; i < 300; ++i) {
    const Activity before = random_activity(random, i % 2 == 0);
    proto::Activity message;
    encode(before, message);
    Activity after;
    std::uint64_t newer = 0;
    decode(over_the_wire(message), after, newer);
    ASSERT_EQ(before, after) << i;
    ASSERT_EQ(newer, 0U);
  }
}

TEST(Codec, IdentitiesComeBackAsTheyWere) {
  std::uint64_t newer = 0;
  const std::string bytes("\xff\x00\xfe", 3);  // kernel text need not be UTF-8
  const Host host{bytes, 42, 4, "6.1", "x86_64"};
  proto::Host host_message;
  encode(host, host_message);
  EXPECT_EQ(decode(over_the_wire(host_message), newer), host);

  const Workload workload{WorkloadId(7), Workload::Kind::kContainer, "/a" + bytes, "c", "runc", "image", "pod"};
  proto::Workload workload_message;
  encode(workload, workload_message);
  EXPECT_EQ(decode(over_the_wire(workload_message), newer), workload);

  const Process process{{42, 99, 5}, WorkloadId(7), 1, 1000, bytes, "/tmp/" + bytes, {{1, "sh"}, {2, bytes}}};
  proto::Process process_message;
  encode(process, process_message);
  EXPECT_EQ(decode(over_the_wire(process_message), 42, newer), process);
  EXPECT_EQ(newer, 0U);
}

TEST(Codec, HeadersAndHealthComeBackAsTheyWere) {
  std::uint64_t newer = 0;
  RecordingHeader header{.host = *made_up_host(4), .started = WallTime(nanoseconds(-5)), .davy_version = "1"};
  header.program = "xmrig";
  header.label = Label::kMiner;
  header.source = Source::kPublicMiner;
  header.twin = true;
  header.provenance = {{"quota", "50%"}, {"", "\xff"}};
  proto::RecordingHeader message;
  encode(header, message);
  EXPECT_EQ(decode(over_the_wire(message), newer), header);

  Health health = made_up_health(SliceNumber(9));
  health.rung = Health::Rung::kProc;
  proto::Health health_message;
  encode(health, health_message);
  EXPECT_EQ(decode(over_the_wire(health_message), newer), health);
  EXPECT_EQ(newer, 0U);
}

TEST(Codec, RowsOfANewerDavyAreCountedAndLeftOut) {
  proto::Activity message;
  message.add_sum_rows(kCountOf<Sum>);
  message.add_sum_values(1);
  message.add_sum_rows(0);
  message.add_sum_values(5);
  message.add_peak_rows(4'000'000'000U);  // and without a value
  message.add_open_rows(99);
  message.add_library_rows(99);
  message.set_flags(~std::uint64_t{0});
  message.add_directories()->set_file_class(200);
  message.add_conversations()->set_transport(77);
  auto& moment = *message.add_moments();
  for (std::size_t i = 0; i < kPulses + 2; ++i) moment.add_cpu_us(1);

  Activity activity;
  std::uint64_t newer = 0;
  decode(message, activity, newer);
  EXPECT_EQ(newer, 9U);
  EXPECT_EQ(activity.sums[0], 5U);
  EXPECT_EQ(activity.flags, (std::uint64_t{1} << kCountOf<Flag>)-1);
  EXPECT_EQ(activity.conversations[0].transport, Transport::kUnknown);
}

TEST(Codec, FieldsOfANewerDavyAreCountedAndLeftOut) {
  proto::Activity message;
  message.add_sum_rows(0);
  message.add_sum_values(5);
  std::string bytes = message.SerializeAsString();
  bytes += "\xa2\x06\x03new";  // field 100, three bytes
  ASSERT_TRUE(message.ParseFromString(bytes));
  Activity activity;
  std::uint64_t newer = 0;
  decode(message, activity, newer);
  EXPECT_EQ(newer, 1U);
  EXPECT_EQ(activity.sums[0], 5U);
}

}  // namespace
}  // namespace davy::event
