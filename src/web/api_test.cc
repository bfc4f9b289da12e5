#include "web/api.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "detect/json.h"
#include "ui/assets.h"
#include "web/view.h"
#include "web/watched_test.h"

namespace davy::web {
namespace {

using detect::Json;

const Json& document() {
  static const Json kParsed = Json::parse(openapi());
  return kParsed;
}

/// Holds a value against a schema of the document: types, required and unknown fields, enums, ranges, null. Returns the
/// first fault, or empty.
class Schemas {
 public:
  [[nodiscard]] std::string fault(const Json& value, const Json& schema, const std::string& at) const {
    if (schema.contains("$ref")) return fault(value, resolve(schema["$ref"].get<std::string>()), at);
    if (value.is_null()) return schema.value("nullable", false) ? "" : at + ": null";
    if (schema.contains("allOf")) return fault(value, schema["allOf"][0], at);
    const auto type = schema["type"].get<std::string>();
    if (type == "object") return fault_of_object(value, schema, at);
    if (type == "array") return fault_of_array(value, schema, at);
    if (type == "string") return fault_of_string(value, schema, at);
    if (type == "boolean") return value.is_boolean() ? "" : at + ": no boolean";
    if (type == "integer" && !value.is_number_integer()) return at + ": no integer";
    return fault_of_number(value, schema, at);
  }

 private:
  static Json resolve(const std::string& ref) { return document().at(Json::json_pointer(ref.substr(1))); }

  [[nodiscard]] std::string fault_of_object(const Json& value, const Json& schema, const std::string& at) const {
    if (!value.is_object()) return at + ": no object";
    if (!schema.contains("properties") && !schema.contains("additionalProperties")) return "";
    const Json properties = schema.value("properties", Json::object());
    for (const auto& name : schema.value("required", Json::array())) {
      if (!value.contains(name.get<std::string>())) return at + "." + name.get<std::string>() + ": missing";
    }
    for (const auto& [name, field] : value.items()) {
      const Json* described = properties.contains(name) ? &properties[name] : &schema["additionalProperties"];
      if (described->is_boolean()) return at + "." + name + ": not described";
      if (auto found = fault(field, *described, at + "." + name); !found.empty()) return found;
    }
    return "";
  }

  [[nodiscard]] std::string fault_of_array(const Json& value, const Json& schema, const std::string& at) const {
    if (!value.is_array()) return at + ": no array";
    if (value.size() < schema.value("minItems", 0U)) return at + ": too short";
    if (value.size() > schema.value("maxItems", 100'000U)) return at + ": too long";
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (auto found = fault(value[i], schema["items"], at + "[" + std::to_string(i) + "]"); !found.empty())
        return found;
    }
    return "";
  }

  static std::string fault_of_string(const Json& value, const Json& schema, const std::string& at) {
    if (!value.is_string()) return at + ": no string";
    const auto text = value.get<std::string>();
    if (schema.value("format", "") == "date-time" && !from_rfc3339(text)) return at + ": no time: " + text;
    if (!schema.contains("enum")) return "";
    const auto& names = schema["enum"];
    return std::find(names.begin(), names.end(), value) == names.end() ? at + ": unknown name " + text : "";
  }

  static std::string fault_of_number(const Json& value, const Json& schema, const std::string& at) {
    if (!value.is_number()) return at + ": no number";
    const double number = value.get<double>();
    const bool inside = number >= schema.value("minimum", -1e300) && number <= schema.value("maximum", 1e300);
    return inside ? "" : at + ": out of range";
  }
};

std::string media_type(const Answer& answer) { return answer.type.substr(0, answer.type.find(';')); }

/// The answer to `path`, held against what the document says of `route`.
void expect_as_described(const std::string& route, const std::string& path, const detect::Snapshot& snapshot,
                         int status) {
  const Answer given = answer(path, {snapshot, {}, {}, {}});
  ASSERT_EQ(given.status, status) << path;
  const Json& responses = document()["paths"][route]["get"]["responses"];
  ASSERT_TRUE(responses.contains(std::to_string(status))) << route << " does not tell of " << status;
  const Json& content = responses[std::to_string(status)]["content"];
  ASSERT_TRUE(content.contains(media_type(given))) << route << " gives " << given.type;
  if (media_type(given) != "application/json") return;
  EXPECT_EQ(Schemas().fault(Json::parse(given.body), content["application/json"]["schema"], path), "");
}

std::string with_id(std::string route, const std::string& id) {
  if (const auto at = route.find("{id}"); at != std::string::npos) route.replace(at, 4, id);
  return route;
}

TEST(Api, DescribesEachRouteAndNoOther) {
  std::set<std::string> described;
  for (const auto& [path, what] : document()["paths"].items()) described.insert(path);
  std::set<std::string> served{"/api/v1/events"};
  for (const auto route : routes()) served.emplace(route);
  EXPECT_EQ(described, served);
}

TEST(Api, EachRouteAnswersAsItSays) {
  Watched learned;
  learned.put_miner(4, 12);
  const auto check = [&](const detect::Snapshot& snapshot) {
    const bool fresh = snapshot.version == 0;
    std::string workload = "none";
    std::string detection = "none";
    if (!snapshot.workloads.empty()) workload = to_text(snapshot.workloads[0].workload->id);
    if (!snapshot.open.empty()) detection = snapshot.open[0].id;
    if (!snapshot.closed.empty()) detection = snapshot.closed[0].id;
    for (const auto route : routes()) {
      const std::string name(route);
      const bool of_workload = name.starts_with("/api/v1/workloads/");
      const bool by_id = name.find("{id}") != std::string::npos;
      const std::string& id = of_workload ? workload : detection;
      const int status = by_id && id == "none" ? 404 : name == "/readyz" && fresh ? 503 : 200;
      expect_as_described(name, with_id(name, id), snapshot, status);
      if (by_id) expect_as_described(name, with_id(name, "nothing-has-this-id"), snapshot, 404);
    }
  };
  check(*learned.snapshot());
  for (int i = 0; i < 30; ++i) {
    learned.play(1);
    check(*learned.snapshot());
  }
  EXPECT_EQ(learned.snapshot()->closed.size(), 1U) << "no detection opened and closed: little was tested";
}

TEST(Api, ReferencesResolve) {
  const std::string text(openapi());
  std::size_t at = 0;
  std::size_t found = 0;
  while ((at = text.find("\"#/components", at)) != std::string::npos) {
    const auto end = text.find('"', at + 1);
    EXPECT_TRUE(document().contains(Json::json_pointer(text.substr(at + 2, end - at - 2))));
    at = end;
    ++found;
  }
  EXPECT_GT(found, 10U);
}

TEST(Api, ProbesTellBlindnessFromQuiet) {
  detect::Snapshot snapshot;
  EXPECT_EQ(answer("/readyz", {snapshot, {}, {}, {}}).status, 503);
  snapshot.version = 1;
  EXPECT_EQ(answer("/readyz", {snapshot, {}, {}, {}}).status, 200);
  const Pulse silent{.silent = std::chrono::seconds(31)};
  const Pulse ended{.live = false, .ended = true, .silent = std::chrono::seconds(31)};
  EXPECT_EQ(answer("/healthz", {snapshot, {}, {}, {}}).status, 200);
  EXPECT_EQ(answer("/healthz", {snapshot, silent, {}, {}}).status, 503);
  EXPECT_EQ(answer("/healthz", {snapshot, ended, {}, {}}).status, 200);
}

TEST(Api, ServesThePage) {
  const detect::Snapshot snapshot;
  const State state{snapshot, {}, {}, {}};
  const Answer index = answer("/", state);
  EXPECT_EQ(index.status, 200);
  EXPECT_EQ(index.type, "text/html; charset=utf-8");
  EXPECT_NE(index.file.find("<title>Davy</title>"), std::string_view::npos);
  EXPECT_EQ(index.cache, "no-cache");
  EXPECT_EQ(answer("/", state, {.etag = index.etag}).status, 304);
  for (const auto& asset : ui::assets()) {
    const Answer packed = answer("/" + std::string(asset.path), state, {.gzip = true});
    EXPECT_EQ(packed.status, 200) << asset.path;
    EXPECT_EQ(packed.gzip, !asset.gzip.empty());
    EXPECT_EQ(packed.file.substr(0, 2) == "\x1f\x8b", packed.gzip);
  }
}

TEST(Api, ThePageAsksForNothingElsewhere) {
  for (const auto& asset : ui::assets()) {
    if (!asset.path.ends_with(".html") && !asset.path.ends_with(".css")) continue;
    EXPECT_EQ(asset.bytes.find("//"), std::string_view::npos) << asset.path << " names another host";
    EXPECT_EQ(asset.bytes.find("<style"), std::string_view::npos) << "the policy forbids inline styles";
    EXPECT_EQ(asset.bytes.find("style=\""), std::string_view::npos);
    EXPECT_EQ(asset.bytes.find("data:"), std::string_view::npos);
  }
}

TEST(Api, UnknownPathsAreRefusedInOneLine) {
  const detect::Snapshot snapshot;
  for (const char* path :
       {"", "/nothing", "/../etc/passwd", "/assets/", "/api/v1", "/api/v1/workloads/", "//", "/index.html/"}) {
    const Answer given = answer(path, {snapshot, {}, {}, {}});
    EXPECT_EQ(given.status, 404) << path;
    EXPECT_EQ(Schemas().fault(Json::parse(given.body), document()["components"]["schemas"]["Error"], path), "");
  }
}

}  // namespace
}  // namespace davy::web
