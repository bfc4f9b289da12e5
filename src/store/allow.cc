#include "store/allow.h"

#include <fmt/core.h>

#include <algorithm>

namespace davy::store {

Status check(const AllowEntry& entry) {
  const auto bad = [](std::string message) { return Error{std::move(message), Error::Kind::kBadInput}; };
  if (Status fine = check(entry.match); !fine) return fine;
  if (Status said = check_said("the owner", entry.owner); !said) return said;
  if (Status said = check_said("the reason", entry.reason); !said) return said;
  if (Status said = check_said("who makes it", entry.created_by); !said) return said;
  if (entry.expires <= entry.created)
    return bad(fmt::format("it would have expired before it is made: {} is past", to_rfc3339(entry.expires)));
  if (entry.expires - entry.created > kLongestAllowed)
    return bad(fmt::format("it may hold for {} days at most: make it shorter, and renew it", kLongestAllowed.count()));
  return {};
}

bool in_force(const AllowEntry& entry, WallTime now) {
  return !entry.revoked && entry.created <= now && now < entry.expires;
}

const AllowEntry* allowing(const std::vector<AllowEntry>& entries, const event::Detection& detection, WallTime now) {
  const auto at = std::find_if(entries.begin(), entries.end(), [&](const AllowEntry& entry) {
    return in_force(entry, now) && matches(entry.match, detection);
  });
  return at == entries.end() ? nullptr : &*at;
}

}  // namespace davy::store
