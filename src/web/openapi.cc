#include <utility>
#include <vector>

#include "detect/json.h"
#include "web/api.h"

// The description is built rather than written out, so that a shape that appears in two answers is described once.
namespace davy::web {
namespace {

using detect::Json;
using Fields = std::vector<std::pair<std::string, Json>>;

Json of_type(std::string_view type, std::string_view what) {
  Json out{{"type", type}};
  if (!what.empty()) out["description"] = what;
  return out;
}

Json text(std::string_view what = "") { return of_type("string", what); }
Json number(std::string_view what = "") { return of_type("number", what); }
Json integer(std::string_view what = "") { return of_type("integer", what); }
Json flag(std::string_view what = "") { return of_type("boolean", what); }
Json share(std::string_view what) {
  Json out = number(what);
  out["minimum"] = 0;
  out["maximum"] = 1;
  return out;
}
Json time(std::string_view what = "") {
  Json out = text(what);
  out["format"] = "date-time";
  return out;
}
Json one_of(std::vector<std::string> names, std::string_view what = "") {
  Json out = text(what);
  out["enum"] = std::move(names);
  return out;
}
Json list(Json items, std::string_view what = "") {
  Json out = of_type("array", what);
  out["items"] = std::move(items);
  return out;
}
Json list_of(Json items, std::size_t length, std::string_view what) {
  Json out = list(std::move(items), what);
  out["minItems"] = length;
  out["maxItems"] = length;
  return out;
}
Json ref(std::string_view name) { return {{"$ref", "#/components/schemas/" + std::string(name)}}; }
Json or_null(Json schema) {
  if (schema.contains("$ref")) schema = Json{{"allOf", Json::array({std::move(schema)})}};
  schema["nullable"] = true;
  return schema;
}

/// All fields are always there; what is unknown is null.
Json object(const Fields& fields) {
  Json out{{"type", "object"}, {"additionalProperties", false}, {"required", Json::array()}};
  out["properties"] = Json::object();
  for (const auto& [name, schema] : fields) {
    out["required"].push_back(name);
    out["properties"][name] = schema;
  }
  return out;
}

Fields operator+(Fields a, const Fields& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Fields stamp() {
  return {{"version", integer("counts up with each snapshot; 0: nothing seen yet")},
          {"slice", integer("number of the last complete slice")},
          {"time", or_null(time("end of that slice"))},
          {"threshold", share("score at which a window speaks for a detection")}};
}

Fields identity() {
  return {{"id", text("16 hex digits")},
          {"kind", one_of({"container", "session", "system"})},
          {"cgroup", text()},
          {"container", or_null(text("64 hex digits"))},
          {"runtime", or_null(text())},
          {"image", or_null(text())},
          {"pod", or_null(text())}};
}

Fields process() {
  return {{"pid", integer()},
          {"comm", text("as the kernel has it: any characters; escape before showing")},
          {"exe", or_null(text("as its mount namespace sees it; escape before showing"))},
          {"uid", integer()},
          {"start", or_null(time())},
          {"parents", list(object({{"pid", integer()}, {"comm", text()}}), "parent first")}};
}

Fields detection_process() {
  Fields out = process();
  out.insert(out.begin() + 3, {"exe_sha256", or_null(text())});
  return out;
}

Fields row() {
  return identity() + Fields{{"process", or_null(ref("Process"))},
                             {"of_process", flag("the score is the process's window's, not the workload's")},
                             {"processes", integer("all it has")},
                             {"first_seen", time()},
                             {"last_seen", time("end of its last slice with activity")},
                             {"age_s", number()},
                             {"score", or_null(share("null: too young or too idle to be scored"))},
                             {"threshold", share("at which it alerts")},
                             {"seen_enough", flag("false: too young to be judged, the score says little yet")},
                             {"cpus", number("CPUs used in the last slice")},
                             {"coverage", share("share of the window in which system calls were counted")},
                             {"detection", or_null(text("id of its open detection"))},
                             {"why", list(ref("Reason"), "the groups that raise the score most, at most 3")},
                             {"trend", list(number(), "CPUs used, a number a slice, oldest first, at most 60")}};
}

Fields series_point() {
  return {{"slice", integer()},
          {"time", time("end of the slice")},
          {"score", or_null(share(""))},
          {"cpus", number()},
          {"rounding", or_null(list_of(integer(), 4, "samples: to nearest, down, up, toward zero"))},
          {"rss_kib", or_null(integer())},
          {"threads", or_null(integer())},
          {"processes", or_null(integer())},
          {"bytes_in", or_null(integer())},
          {"bytes_out", or_null(integer())},
          {"messages_in", or_null(integer())},
          {"messages_out", or_null(integer())},
          {"armed", or_null(share("share of the slice in which system calls were counted"))}};
}

Fields connection() {
  const std::vector<std::string> first{"unseen", "other", "json", "json-rpc", "http", "websocket", "tls", "line-text"};
  return {{"address", text()},
          {"port", integer()},
          {"direction", one_of({"unknown", "outbound", "inbound"})},
          {"transport", one_of({"unknown", "tcp", "udp", "unix"})},
          {"closed", flag()},
          {"seconds", number("from opening to the last message")},
          {"first_sent", one_of(first, "what the first bytes looked like")},
          {"first_received", one_of(first)},
          {"messages_sent", integer()},
          {"messages_received", integer()},
          {"bytes_sent", integer()},
          {"bytes_received", integer()},
          {"pushes", integer("messages received after at least a second of silence")}};
}

Fields live_connection() {
  return connection() + Fields{{"opened", or_null(time())},
                               {"first_speaker", one_of({"unknown", "us", "peer"})},
                               {"turns", integer("changes of who speaks")},
                               {"largest_sent", integer("bytes")},
                               {"largest_received", integer("bytes")},
                               {"mean_gap_sent_s", or_null(number())},
                               {"mean_gap_received_s", or_null(number())}};
}

Fields feature() {
  return {{"name", text()},
          {"unit", text()},
          {"group", text()},
          {"sentence", text("what an analyst needs to understand it")},
          {"value", number()},
          {"normal", or_null(list_of(number(), 3, "5th, 50th, 95th percentile of ordinary programs"))},
          {"contribution", or_null(number("Shapley value, in what reasons_in says; null: the model gives none"))}};
}

Fields workload() {
  return stamp() + row() +
         Fields{{"command_line", or_null(text("of the process; null: hidden, unknown, or of no interest"))},
                {"release", text("digest of the model")},
                {"window_score", or_null(share("of the window that reasons and features are of"))},
                {"base", or_null(number("of a program of which nothing is known, in what reasons_in says"))},
                {"reasons_in", or_null(one_of({"score", "log odds"}))},
                {"reasons",
                 list(ref("Reason"),
                      "largest contribution first; with the base they add up to window_score, or its log odds")},
                {"process_list", list(ref("ScoredProcess"), "by score, at most 16")},
                {"series", list(ref("SlicePoint"), "oldest first, at most 60")},
                {"rounding",
                 object({{"nearest", integer()}, {"down", integer()}, {"up", integer()}, {"zero", integer()}})},
                {"connections", list(ref("LiveConnection"), "oldest first")},
                {"features", list(ref("Feature"))},
                {"not_evaluated", list(text(), "what was not seen, in words")}};
}

Fields part() {
  return {{"pid", integer()},
          {"comm", text()},
          {"exe", or_null(text())},
          {"cpus", number("CPUs used on average over its window")},
          {"talks", flag("it has a conversation")},
          {"ended", flag()},
          {"score", share("of its own evidence; 0: never scored")}};
}

Json detection() {
  Json out = object({{"type", one_of({"detection"})},
                     {"state", one_of({"opened", "updated", "closed"})},
                     {"id", text()},
                     {"time", time("of this report")},
                     {"first_seen", time()},
                     {"alerted", time()},
                     {"host", or_null(text())},
                     {"workload", or_null(ref("Identity"))},
                     {"process", or_null(ref("DetectionProcess"))},
                     {"parts", list(ref("Part"), "who does what in it, the most CPU first, at most 8")},
                     {"connections", list(ref("Connection"))},
                     {"coverage", share("share of the window in which system calls were counted")},
                     {"score", share("held against the threshold")},
                     {"window_score", share("of the window that the reasons are of")},
                     {"score_low", or_null(share("of the probability; null: not calibrated"))},
                     {"score_high", or_null(share("of the probability; null: not calibrated"))},
                     {"threshold", share("")},
                     {"release", text("digest of the model")},
                     {"base", or_null(number("of a program of which nothing is known, in what reasons_in says"))},
                     {"reasons_in", or_null(one_of({"score", "log odds"}))},
                     {"reasons", list(ref("Reason"))},
                     {"nearest_miner", or_null(ref("Neighbour"))},
                     {"nearest_honest", or_null(ref("Neighbour"))},
                     {"otherwise", or_null(ref("Otherwise"))},
                     {"timeline", list(list(number("seconds since first_seen, score of the window, score")))},
                     {"not_evaluated", list(text(), "what was not seen, in words")},
                     {"allowed", or_null(ref("Allowed"))}});
  out["properties"]["closed_because"] = text("in words; only when closed");
  return out;
}

Fields summary() {
  return stamp() + Fields{{"state", one_of({"learning", "watching", "alert", "blind", "ended"})},
                          {"sentence", text("the same for people")},
                          {"detail", text("what belongs to it, or empty")},
                          {"live", flag("false: a recording is being played")},
                          {"silent_s", integer("seconds since the last new snapshot")},
                          {"rung", one_of({"tracing", "raw-tracepoint", "proc"}, "how the collector sees this host")},
                          {"armed_share", share("share of the last slice in which system calls were counted")},
                          {"losses", list(ref("Loss"))},
                          {"not_seen", list(text(), "in words")},
                          {"workloads", integer()},
                          {"processes", integer()},
                          {"open", integer("open detections")}};
}

Json health() {
  Json counters = of_type("object", "all counters of the collector, cumulative since its start");
  counters["additionalProperties"] = integer();
  const Json host = object({{"name", text()}, {"cpus", integer()}, {"kernel", text()}, {"machine", text()}});
  return object(Fields{{"type", one_of({"health"})}} + summary() +
                Fields{{"host", or_null(host)},
                       {"slice_seconds", integer()},
                       {"slices", integer("taken in since the start")},
                       {"windows", integer("scored since the start")},
                       {"release", text("digest of the model")},
                       {"davy", text("version of the program")},
                       {"counters", counters}});
}

Json schemas() {
  return {{"Error", object({{"error", text("in one line")}})},
          {"Reason", object({{"group", text()}, {"contribution", number()}, {"text", text()}})},
          {"Neighbour", object({{"program", text()}, {"family", text()}, {"likeness", share("")}})},
          {"Otherwise", object({{"groups", list(text())}, {"score", share("")}})},
          {"Process", object(process())},
          {"ScoredProcess",
           object(process() + Fields{{"score", or_null(share(""))}, {"cpus", number()}, {"age_s", number()}})},
          {"DetectionProcess", object(detection_process())},
          {"Identity", object(identity())},
          {"Part", object(part())},
          {"Allowed", object({{"entry", integer()}, {"owner", text()}, {"reason", text()}, {"until", time()}})},
          {"Connection", object(connection())},
          {"LiveConnection", object(live_connection())},
          {"Feature", object(feature())},
          {"SlicePoint", object(series_point())},
          {"Loss", object({{"name", text()}, {"text", text()}, {"count", integer("cumulative since the start")}})},
          {"WorkloadRow", object(row())},
          {"Workloads", object(stamp() + Fields{{"held", integer("all there are")},
                                                {"workloads", list(ref("WorkloadRow"), "by score")}})},
          {"Workload", object(workload())},
          {"Detection", detection()},
          {"Detections", object(stamp() + Fields{{"open", list(ref("Detection"), "newest alert first")},
                                                 {"closed", list(ref("Detection"), "newest first, at most 200")}})},
          {"Summary", object(summary())},
          {"Health", health()}};
}

Json response(std::string_view what, std::string_view type, Json schema) {
  return {{"description", what}, {"content", {{std::string(type), {{"schema", std::move(schema)}}}}}};
}

Json get(std::string_view what, Json answer) {
  return {{"get", {{"summary", what}, {"responses", {{"200", std::move(answer)}}}}}};
}

Json get_json(std::string_view what, Json schema) {
  return get(what, response("what is asked for", "application/json", std::move(schema)));
}

Json get_by_id(std::string_view what, Json schema) {
  Json out = get_json(what, std::move(schema));
  out["parameters"] = Json::array({{{"name", "id"}, {"in", "path"}, {"required", true}, {"schema", text()}}});
  out["get"]["responses"]["404"] = response("it is not held (any more)", "application/json", ref("Error"));
  return out;
}

Json get_probe(std::string_view what, std::string_view otherwise) {
  Json out = get(what, response("yes", "text/plain", text()));
  out["get"]["responses"]["503"] = response(otherwise, "text/plain", text());
  return out;
}

Json events() {
  Json out = get("One event `slice` at each end of a slice, and when the lamp changes; its data is a Summary",
                 response("a stream that does not end", "text/event-stream", ref("Summary")));
  out["get"]["responses"]["503"] = response("too many clients follow", "application/json", ref("Error"));
  return out;
}

Json paths() {
  return {{"/api/v1/workloads", get_json("Running workloads by score", ref("Workloads"))},
          {"/api/v1/workloads/{id}", get_by_id("One workload with the evidence behind its score", ref("Workload"))},
          {"/api/v1/detections", get_json("Open and recent detections", ref("Detections"))},
          {"/api/v1/detections/{id}", get_by_id("One detection", ref("Detection"))},
          {"/api/v1/health", get_json("How the lamp stands, what it sees, what it lost", ref("Health"))},
          {"/api/v1/events", events()},
          {"/api/v1/openapi.json", get_json("This description", of_type("object", ""))},
          {"/metrics", get("Prometheus text format", response("the metrics", "text/plain", text()))},
          {"/healthz", get_probe("Do slices come?", "the detector is blind: no slice came for 30 seconds")},
          {"/readyz", get_probe("Is the first slice complete?", "not yet")}};
}

Json description() {
  const std::string_view about =
      "What runs on this host, what mines, and why. Read only. All answers are made from one snapshot a slice (10 s); "
      "`version` says which. Names of processes and paths come from the kernel: valid UTF-8, else anything.";
  return {
      {"openapi", "3.0.3"},
      {"info",
       {{"title", "Davy"}, {"version", DAVY_VERSION}, {"description", about}, {"license", {{"name", "Apache-2.0"}}}}},
      {"paths", paths()},
      {"components", {{"schemas", schemas()}}}};
}

}  // namespace

std::string_view openapi() {
  static const std::string kText = detect::to_line(description());
  return kText;
}

}  // namespace davy::web
