#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "davy_abi.h"
#include "event/activity.h"

namespace davy::collect {

/// One walk over the mappings of a process, summed up into the peaks and library classes of a slice.
class MappingWalk {
 public:
  void add(const davy_mapping_row& row);
  void add_to(event::Activity& activity) const;
  [[nodiscard]] bool empty() const { return rows_ == 0; }
  [[nodiscard]] bool loader_mapped() const { return loader_; }

 private:
  void add_file(const davy_mapping_row& row);
  void add_anonymous(const davy_mapping_row& row);

  std::uint64_t rows_ = 0;
  std::set<std::pair<std::uint32_t, std::uint64_t>> files_;  // device, inode
  event::Activity found_;
  bool loader_ = false;
};

}  // namespace davy::collect
