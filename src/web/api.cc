#include "web/api.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "ui/assets.h"
#include "web/view.h"

namespace davy::web {
namespace {

using detect::Json;

constexpr std::string_view kWorkload = "/api/v1/workloads/";
constexpr std::string_view kDetection = "/api/v1/detections/";
constexpr std::string_view kText = "text/plain; charset=utf-8";

Answer json(const Json& value) {
  Answer out;
  out.body = detect::to_line(value);
  return out;
}

/// `value`, or 404 when it is null.
Answer found(const Json& value, std::string_view what) {
  return value.is_null() ? refusal(404, fmt::format("no such {} is held now", what)) : json(value);
}

Answer text(int status, std::string body, std::string_view type = kText) {
  Answer out;
  out.status = status;
  out.type = type;
  out.body = std::move(body);
  return out;
}

/// Alive as long as slices come: what restarts a probe's target should restart a blind detector.
Answer healthz(const State& state) {
  const bool silent = state.pulse.live && state.pulse.silent >= kBlindAfter;
  return silent ? text(503, words(state.snapshot, state.pulse).sentence + "\n") : text(200, "ok\n");
}

Answer readyz(const State& state) {
  return state.snapshot.version == 0 ? text(503, "no slice is complete yet\n") : text(200, "ready\n");
}

Answer metrics_text(const State& state) {
  return text(200, metrics(state.snapshot, state.pulse, state.visitors, state.stages),
              "text/plain; version=0.0.4; charset=utf-8");
}

Answer document() {
  Answer out;
  out.body = openapi();
  return out;
}

const ui::Asset* find_asset(std::string_view path) {
  const auto all = ui::assets();
  const auto at = std::find_if(all.begin(), all.end(), [&](const auto& asset) { return asset.path == path; });
  return at == all.end() ? nullptr : &*at;
}

/// Files below assets/ carry a hash of their content in their name: they never change.
Answer file(const ui::Asset& asset, const Wish& wish) {
  Answer out;
  out.type = asset.type;
  out.etag = fmt::format("\"{}\"", asset.digest);
  out.cache = asset.path.starts_with("assets/") ? "public, max-age=31536000, immutable" : "no-cache";
  if (wish.etag == out.etag) {
    out.status = 304;
    return out;
  }
  out.gzip = wish.gzip && !asset.gzip.empty();
  out.file = out.gzip ? asset.gzip : asset.bytes;
  return out;
}

Answer page(std::string_view path, const Wish& wish) {
  const std::string_view name = path == "/" ? "index.html" : path.substr(std::min<std::size_t>(1, path.size()));
  const ui::Asset* asset = find_asset(name);
  return asset != nullptr ? file(*asset, wish)
                          : refusal(404, "there is nothing at this path; the API is described at /api/v1/openapi.json");
}

using Handler = Answer (*)(const State&);
struct Route {
  std::string_view path;
  Handler handler;
};
constexpr std::array<Route, 7> kExact{{
    {"/api/v1/workloads", [](const State& s) { return json(workloads(s.snapshot)); }},
    {"/api/v1/detections", [](const State& s) { return json(detections(s.snapshot)); }},
    {"/api/v1/health", [](const State& s) { return json(health(s.snapshot, s.pulse)); }},
    {"/api/v1/openapi.json", [](const State&) { return document(); }},
    {"/metrics", metrics_text},
    {"/healthz", healthz},
    {"/readyz", readyz},
}};

constexpr std::array<std::string_view, 9> kRoutes{"/api/v1/workloads",
                                                  "/api/v1/workloads/{id}",
                                                  "/api/v1/detections",
                                                  "/api/v1/detections/{id}",
                                                  "/api/v1/health",
                                                  "/api/v1/openapi.json",
                                                  "/metrics",
                                                  "/healthz",
                                                  "/readyz"};

}  // namespace

Answer answer(std::string_view path, const State& state, const Wish& wish) {
  for (const auto& route : kExact) {
    if (route.path == path) return route.handler(state);
  }
  if (path.starts_with(kWorkload)) return found(workload(state.snapshot, path.substr(kWorkload.size())), "workload");
  if (path.starts_with(kDetection)) {
    return found(detection(state.snapshot, path.substr(kDetection.size())), "detection");
  }
  return page(path, wish);
}

Answer refusal(int status, std::string_view why) {
  Answer out = json({{"error", why}});
  out.status = status;
  return out;
}

std::span<const std::string_view> routes() { return kRoutes; }

}  // namespace davy::web
