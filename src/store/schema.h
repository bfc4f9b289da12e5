#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"
#include "store/sql.h"

// Private to store/: what a store looks like on disk, and how an older one becomes a newer one. docs/store.md has it
// for readers.

namespace davy::store {

/// "Davy" in the header of the file (PRAGMA application_id): what has another is another program's.
inline constexpr std::int64_t kApplicationId = 0x44617679;

/// One step from the version before. Once released, its text is never edited: a test holds its digest.
struct Migration {
  std::int64_t version;
  std::string_view sql;
};

/// All of them, 1 first, without gaps.
std::span<const Migration> migrations();
std::int64_t newest_version();

/// Brings an open database up to `version`, each step whole or not at all. Two programs may do so at once.
Status migrate(Database& database, std::int64_t version);

/// Refuses what is not a store of davy, or is of a newer one. kBadInput.
Status check_ours(Database& database);

}  // namespace davy::store
