// The structs both sides share lie the same way on both: read from the BTF of the compiled object, not by eye.
#include <bpf/btf.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>

#include "davy_abi.h"

namespace davy::collect {
namespace {

struct FreeBtf {
  void operator()(btf* types) const { btf__free(types); }
};

class Abi : public ::testing::Test {
 protected:
  void SetUp() override {
    types_.reset(btf__parse(DAVY_BPF_OBJECT, nullptr));
    ASSERT_NE(types_, nullptr) << DAVY_BPF_OBJECT;
  }
  const btf_type* find(const char* name) {
    const auto id = btf__find_by_name_kind(types_.get(), name, BTF_KIND_STRUCT);
    return id < 0 ? nullptr : btf__type_by_id(types_.get(), static_cast<unsigned>(id));
  }
  void expect_size(const char* name, std::size_t size) {
    const btf_type* type = find(name);
    ASSERT_NE(type, nullptr) << name << " is not in the object";
    EXPECT_EQ(type->size, size) << name;
  }
  void expect_field(const char* name, const std::string& field, std::size_t offset) {
    const btf_type* type = find(name);
    ASSERT_NE(type, nullptr) << name << " is not in the object";
    const btf_member* members = btf_members(type);
    for (unsigned i = 0; i < btf_vlen(type); ++i) {
      if (field != btf__name_by_offset(types_.get(), members[i].name_off)) continue;
      EXPECT_EQ(btf_member_bit_offset(type, i), offset * 8) << name << "." << field;
      return;
    }
    ADD_FAILURE() << name << " has no field " << field;
  }
  std::unique_ptr<btf, FreeBtf> types_;
};

#define SAME_SIZE(type) expect_size(#type, sizeof(type))
#define SAME_FIELD(type, field) expect_field(#type, #field, offsetof(type, field))

TEST_F(Abi, Counters) {
  SAME_SIZE(davy_who);
  SAME_FIELD(davy_who, tgid);
  SAME_SIZE(davy_tally);
  SAME_FIELD(davy_tally, bytes);
  SAME_FIELD(davy_tally, slice_ns);
  SAME_FIELD(davy_tally, exe_told);
  SAME_SIZE(davy_retired);
  SAME_FIELD(davy_retired, ended);
  SAME_FIELD(davy_retired, told_slice);
  SAME_FIELD(davy_retired, bytes);
  SAME_FIELD(davy_retired, use);
  EXPECT_LT(sizeof(davy_tally), 512U) << "kept small: one for each thread of the host";
}

TEST_F(Abi, Records) {
  SAME_SIZE(davy_head);
  SAME_FIELD(davy_head, who);
  SAME_SIZE(davy_facts);
  SAME_FIELD(davy_facts, parent_tgid);
  SAME_FIELD(davy_facts, nspid);
  SAME_FIELD(davy_facts, comm);
  SAME_SIZE(davy_exit);
  SAME_FIELD(davy_exit, alone);
  SAME_FIELD(davy_exit, rss_pages);
  SAME_FIELD(davy_exit, facts);
  SAME_FIELD(davy_exit, total);
  SAME_SIZE(davy_exec);
  SAME_FIELD(davy_exec, old_tid);
  SAME_FIELD(davy_exec, path);
  SAME_SIZE(davy_open);
  SAME_FIELD(davy_open, length);
  SAME_FIELD(davy_open, path);
  SAME_SIZE(davy_conversation);
  SAME_FIELD(davy_conversation, owner);
  SAME_FIELD(davy_conversation, address);
  SAME_FIELD(davy_conversation, first_received);
  SAME_FIELD(davy_conversation, failed);
  SAME_FIELD(davy_conversation, sent);
  SAME_FIELD(davy_conversation, received);
  SAME_SIZE(davy_flow);
  SAME_FIELD(davy_flow, messages);
  SAME_FIELD(davy_flow, gaps);
  SAME_FIELD(davy_flow, sizes);
  SAME_SIZE(davy_conversation_record);
  SAME_SIZE(davy_cgroup_record);
  SAME_FIELD(davy_cgroup_record, v1);
}

TEST_F(Abi, Rows) {
  SAME_SIZE(davy_thread_row);
  SAME_FIELD(davy_thread_row, use);
  SAME_FIELD(davy_thread_row, has_tally);
  SAME_SIZE(davy_process_row);
  SAME_FIELD(davy_process_row, facts);
  SAME_FIELD(davy_process_row, descriptors);
  SAME_FIELD(davy_process_row, exe_changed_s);
  SAME_SIZE(davy_exe_row);
  SAME_FIELD(davy_exe_row, path);
  SAME_SIZE(davy_pulse_row);
  SAME_FIELD(davy_pulse_row, cpu_ns);
  SAME_SIZE(davy_mapping_row);
  SAME_FIELD(davy_mapping_row, inode);
  SAME_FIELD(davy_mapping_row, path);
}

/// Rows follow one another in one buffer, so each must keep the next aligned.
TEST_F(Abi, RowsKeepTheNextAligned) {
  for (std::size_t size :
       {sizeof(davy_thread_row), sizeof(davy_tally), sizeof(davy_process_row), sizeof(davy_exe_row),
        sizeof(davy_pulse_row), sizeof(davy_mapping_row), sizeof(davy_conversation), sizeof(davy_head)}) {
    EXPECT_EQ(size % 8, 0U);
  }
}

}  // namespace
}  // namespace davy::collect
