#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "detect/snapshot.h"
#include "web/metrics.h"
#include "web/pulse.h"

namespace davy::web {

/// What a request is answered with. The body is owned unless the answer is a file of the page.
struct Answer {
  int status = 200;
  std::string type = "application/json";
  std::string body;
  std::string_view file;  // a file of the page instead of `body`: its bytes live as long as the program
  bool gzip = false;      // `file` is compressed
  std::string etag;       // quoted; empty: none
  std::string cache = "no-store";
};

/// All that an answer depends on.
struct State {
  const detect::Snapshot& snapshot;
  Pulse pulse;
  Visitors visitors;
  std::vector<StageTime> stages;
};

/// What the client said it can do.
struct Wish {
  bool gzip = false;
  std::string_view etag;  // If-None-Match
};

/// Answers a GET of `path` (decoded, without query): the API, the metrics, the probes, the page. 404 with one clear
/// line for anything else. /api/v1/events is not here: it does not end.
Answer answer(std::string_view path, const State& state, const Wish& wish = {});

/// A refusal as every route gives it: {"error": ...}.
Answer refusal(int status, std::string_view why);

/// The paths that answer() knows besides the page, as openapi.cc names them.
std::span<const std::string_view> routes();

/// The OpenAPI 3.0 description of all routes, events included.
std::string_view openapi();

}  // namespace davy::web
