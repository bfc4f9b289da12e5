#include "event/counters.h"

#include <array>

namespace davy::event {
namespace {

#define DAVY_NAME(name, text) std::string_view(#text),
constexpr std::array kSumNames{DAVY_SUMS(DAVY_NAME)};
constexpr std::array kPeakNames{DAVY_PEAKS(DAVY_NAME)};
constexpr std::array kFlagNames{DAVY_FLAGS(DAVY_NAME)};
constexpr std::array kFileNames{DAVY_FILE_CLASSES(DAVY_NAME)};
constexpr std::array kLibraryNames{DAVY_LIBRARY_CLASSES(DAVY_NAME)};
#undef DAVY_NAME

template <typename Names, typename Enum>
std::string_view look_up(const Names& names, Enum row) {
  static_assert(std::tuple_size_v<Names> == kCountOf<Enum>);
  return names.at(static_cast<std::size_t>(row));
}

}  // namespace

std::string_view name_of(Sum sum) { return look_up(kSumNames, sum); }
std::string_view name_of(Peak peak) { return look_up(kPeakNames, peak); }
std::string_view name_of(Flag flag) { return look_up(kFlagNames, flag); }
std::string_view name_of(FileClass file) { return look_up(kFileNames, file); }
std::string_view name_of(LibraryClass library) { return look_up(kLibraryNames, library); }

}  // namespace davy::event
