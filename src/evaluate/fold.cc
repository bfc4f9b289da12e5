#include "evaluate/fold.h"

#include <zstd.h>

#include <cassert>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

namespace davy::evaluate {
namespace {

using Json = nlohmann::json;

/// One list a column: they compress better than rows.
Json columns_of(const std::vector<WindowScore>& windows) {
  Json json{{"row", Json::array()}, {"score", Json::array()}, {"probability", Json::array()}, {"range", Json::array()}};
  for (const WindowScore& one : windows) {
    json["row"].push_back(one.row);
    json["score"].push_back(one.score);
    json["probability"].push_back(one.probability);
    json["range"].push_back({one.range.low, one.range.high});
  }
  return json;
}

std::vector<WindowScore> windows_from(const Json& json) {
  std::vector<WindowScore> windows;
  for (std::size_t i = 0; i < json.at("row").size(); ++i) {
    const Json& range = json.at("range").at(i);
    windows.push_back(
        {json.at("row").at(i), json.at("score").at(i), json.at("probability").at(i), {range.at(0), range.at(1)}});
  }
  return windows;
}

Json json_of(const RunScore& one) {
  return {{"run", one.run},         {"late", one.late}, {"level", one.level}, {"probability", one.probability},
          {"seconds", one.seconds}, {"why", one.why}};
}

RunScore run_from(const Json& json) {
  return {json.at("run"),         json.at("late"),    json.at("level"),
          json.at("probability"), json.at("seconds"), json.at("why")};
}

Fold parse(const Json& json) {
  Fold fold;
  fold.setting = json.at("setting");
  fold.inner_precision = json.at("inner_precision");
  fold.families = json.at("families");
  fold.miner_families = json.at("miner_families");
  fold.judged_families = json.at("judged_families");
  fold.seen_before = json.at("seen_before");
  for (const Json& one : json.at("policies")) fold.policies.push_back({one.at(0), one.at(1)});
  fold.windows = windows_from(json.at("windows"));
  for (const Json& one : json.at("runs")) fold.runs.push_back(run_from(one));
  return fold;
}

std::string compressed(const std::string& text) {
  constexpr int kLevel = 12;
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  std::string bytes(ZSTD_compressBound(text.size()), '\0');
  const std::size_t size = ZSTD_compress2(context.get(), bytes.data(), bytes.size(), text.data(), text.size());
  assert(ZSTD_isError(size) == 0);  // there is room for the worst case
  bytes.resize(size);
  return bytes;
}

/// "" for what is not whole.
std::string decompressed(std::string_view bytes) {
  constexpr std::size_t kMost = std::size_t{1} << 28U;
  const auto size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > kMost) return "";
  std::string text(size, '\0');
  const std::size_t got = ZSTD_decompress(text.data(), text.size(), bytes.data(), bytes.size());
  return ZSTD_isError(got) != 0 || got != size ? "" : text;
}

}  // namespace

std::string to_bytes(const Fold& fold, std::string_view key) {
  Json policies = Json::array(), runs = Json::array();
  for (const Policy& one : fold.policies) policies.push_back({one.name, one.threshold});
  for (const RunScore& one : fold.runs) runs.push_back(json_of(one));
  const Json json{{"key", key},
                  {"setting", fold.setting},
                  {"inner_precision", fold.inner_precision},
                  {"families", fold.families},
                  {"miner_families", fold.miner_families},
                  {"judged_families", fold.judged_families},
                  {"seen_before", fold.seen_before},
                  {"policies", std::move(policies)},
                  {"windows", columns_of(fold.windows)},
                  {"runs", std::move(runs)}};
  return compressed(json.dump(-1, ' ', true, Json::error_handler_t::replace));
}

Result<Fold> fold_from_bytes(std::string_view bytes, std::string_view key) {
  const auto bad = [](const char* what) { return Error{what, Error::Kind::kBadInput}; };
  const Json json = Json::parse(decompressed(bytes), nullptr, false);
  if (!json.is_object() || !json.contains("key")) return bad("it is no fold of an evaluation, or damaged");
  if (json["key"] != key) return bad("it is of another evaluation");
  try {  // a file that fits its key and yet is not of the shape was damaged
    return parse(json);
  } catch (const Json::exception&) {
    return bad("it is damaged");
  }
}

double rounded(double value) {
  constexpr double kParts = 1e6;
  return std::round(value * kParts) / kParts;
}

}  // namespace davy::evaluate
