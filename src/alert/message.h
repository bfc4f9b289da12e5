#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "event/detection.h"
#include "store/alert.h"

namespace davy::alert {

/// What is told of a detection, as the store keeps it and a receiver gets it (docs/alerts.md): one JSON object with the
/// report of docs/detections.md in it. Pure but for `now`, when it was made. Its id is a hash of detection and kind, of
/// kAllowEnded also of the report's time: whoever puts the same report again, after a restart too, tells nobody twice.
/// REQUIRES: not kTest.
store::Alert compose(store::Alert::Kind kind, const event::Detection& detection, WallTime now);

/// One without a detection, to see whether a receiver takes it.
store::Alert compose_test(const std::string& host, WallTime now);

/// One sentence for a chat: "edge-7: container payments/api-5f9, process xmrig (4242), mines (score 0.97, alert at
/// 0.90): computing: ...". Names are as safe_name() makes them. At most kLongestSummary code points.
std::string summary(store::Alert::Kind kind, const event::Detection& detection);
inline constexpr std::size_t kLongestSummary = 500;

/// A name that a hostile program may have chosen as one word that means nothing to a chat: letters, digits and `._-/:+`
/// of ASCII, anything else as "?", "://" broken, at most 64 bytes. So it can be no link, mention, markup or sentence.
std::string safe_name(std::string_view raw);

}  // namespace davy::alert
