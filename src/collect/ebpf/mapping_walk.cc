#include "collect/ebpf/mapping_walk.h"

#include <algorithm>
#include <string_view>

#include "collect/library_class.h"

namespace davy::collect {
namespace {

using event::Peak;

constexpr std::uint64_t kLarge = std::uint64_t{64} << 20;

bool is_loader(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return name.starts_with("ld-linux") || name.starts_with("ld-musl") || name.starts_with("ld-2.") || name == "ld.so" ||
         name.starts_with("ld64");
}

}  // namespace

void MappingWalk::add(const davy_mapping_row& row) {
  ++rows_;
  const std::uint64_t kib = row.bytes / 1024;
  if ((row.flags & (DAVY_MAP_WRITE | DAVY_MAP_EXEC)) == (DAVY_MAP_WRITE | DAVY_MAP_EXEC)) {
    found_[Peak::kWritableExecutable] += kib;
    ++found_[Peak::kWritableExecutableCount];
  }
  row.inode != 0 ? add_file(row) : add_anonymous(row);
}

void MappingWalk::add_file(const davy_mapping_row& row) {
  if (!files_.emplace(row.device, row.inode).second) return;
  ++found_[Peak::kExecutableFiles];
  if (row.is_exe != 0) return;
  const std::string_view path(row.path, std::min<std::size_t>(row.length, sizeof row.path));
  loader_ = loader_ || is_loader(path);
  ++found_[classify_library(path)];
}

void MappingWalk::add_anonymous(const davy_mapping_row& row) {
  const std::uint64_t kib = row.bytes / 1024;
  if ((row.flags & DAVY_MAP_EXEC) != 0) {
    found_[Peak::kExecutableAnonymous] += kib;
    ++found_[Peak::kExecutableAnonymousCount];
  }
  found_[Peak::kLargestAnonymous] = std::max(found_[Peak::kLargestAnonymous], kib);
  if (row.bytes < kLarge) return;
  found_[Peak::kAnonymousLargeTotal] += kib;
  ++found_[Peak::kAnonymousLargeCount];
}

void MappingWalk::add_to(event::Activity& activity) const { activity.merge(found_); }

}  // namespace davy::collect
