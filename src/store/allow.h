#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "store/match.h"
#include "store/stored_detection.h"

namespace davy::store {

/// How long an entry may hold, at most: who still needs it then says so again.
inline constexpr std::chrono::days kLongestAllowed{366};

/// "What fits this may mine here until then": somebody answers for it. Never deleted, so that it is known for ever why
/// something was silent; never changed but for being revoked.
struct AllowEntry {
  AllowId id;  // the store gives it
  Match match;
  std::string owner;   // who answers for it: a team, a person
  std::string reason;  // for who finds it in a year
  WallTime created;
  std::string created_by;
  WallTime expires;

  struct Revoked {
    WallTime when;
    std::string who;
    std::string why;
    bool operator==(const Revoked&) const = default;
  };
  std::optional<Revoked> revoked;
  std::optional<WallTime> told;  // when it was said aloud that it has expired
  bool operator==(const AllowEntry&) const = default;
};

/// What the store refuses: a Match that is none, no owner or reason, an expiry that is not after `created` or is more
/// than kLongestAllowed after it. kBadInput, one line.
Status check(const AllowEntry& entry);

/// It silences at `now`: not before it was made, not from its expiry on, not once revoked.
bool in_force(const AllowEntry& entry, WallTime now);

/// The first of `entries` that is in force and fits, or null.
const AllowEntry* allowing(const std::vector<AllowEntry>& entries, const event::Detection& detection, WallTime now);

}  // namespace davy::store
