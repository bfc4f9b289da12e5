#include <fmt/core.h>

#include <algorithm>

#include "store/match.h"
#include "store/sql.h"
#include "store/store.h"

namespace davy::store {
namespace {

constexpr std::size_t kShortestPrefix = 4;
constexpr std::size_t kNamed = 8;  // of several candidates

constexpr std::string_view kColumns =
    "id, state, boot, host, workload, opened_slice, first_seen, alerted, time, reported_slice, score, threshold, "
    "release, "
    "exe_sha256, exe, image, namespace, comm, report, allowed_by";

constexpr std::string_view kPlaces = "?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?";

// By the host's slices, which no clock that is set can turn round. What is closed stays so: an episode ends once.
constexpr std::string_view kUnlessNewer =
    "ON CONFLICT(id) DO UPDATE SET state = excluded.state, boot = excluded.boot, host = excluded.host, "
    "workload = excluded.workload, opened_slice = excluded.opened_slice, first_seen = excluded.first_seen, "
    "alerted = excluded.alerted, time = excluded.time, reported_slice = excluded.reported_slice, score = "
    "excluded.score, threshold = excluded.threshold, "
    "release = excluded.release, exe_sha256 = excluded.exe_sha256, exe = excluded.exe, image = excluded.image, "
    "namespace = excluded.namespace, comm = excluded.comm, report = excluded.report, allowed_by = excluded.allowed_by "
    "WHERE state <> 'closed' AND (excluded.state = 'closed' OR excluded.reported_slice >= reported_slice)";

std::string select(std::string_view rest) { return fmt::format("SELECT {} FROM detections {}", kColumns, rest); }

Error bad(std::string message) { return {std::move(message), Error::Kind::kBadInput}; }

bool is_hex(std::string_view text) { return text.find_first_not_of("0123456789abcdef") == std::string_view::npos; }

StoredDetection::State state_from(const std::string& name) {
  using State = StoredDetection::State;
  return name == "opened" ? State::kOpened : name == "closed" ? State::kClosed : State::kUpdated;
}

StoredDetection row_of(Statement& row) {
  StoredDetection one;
  std::string state;
  std::string boot;
  std::string workload;
  std::uint64_t opened = 0;
  std::uint64_t reported = 0;
  row.into(one.id, state, boot, one.host, workload, opened, one.first_seen, one.alerted, one.time, reported, one.score,
           one.threshold, one.release, one.exe_sha256, one.exe, one.image, one.pod_namespace, one.comm, one.report,
           one.allowed_by);
  one.state = state_from(state);
  one.boot = from_hex16(boot);
  one.workload = event::WorkloadId(from_hex16(workload));
  one.opened = event::SliceNumber(opened);
  one.reported = event::SliceNumber(reported);
  return one;
}

Result<std::vector<StoredDetection>> all(Result<Statement> asked) { return rows(std::move(asked), row_of); }

Verdict verdict_of(Statement& row) {
  Verdict one;
  std::string word;
  row.into(one.detection, word, one.who, one.why, one.when);
  if (const auto known = word_from(word)) one.word = *known;  // the table holds no other
  return one;
}

Status check_put(const StoredDetection& one) {
  if (one.id.size() < kShortestPrefix || !is_hex(one.id)) return bad("the id of a detection is lower-case hex");
  if (one.report.empty() || one.report.find('\n') != std::string::npos)
    return bad(fmt::format("detection {}: its report has to be one line", one.id));
  return {};
}

std::string candidates(const std::vector<StoredDetection>& rows) {
  std::string names;
  for (std::size_t i = 0; i < std::min(rows.size(), kNamed); ++i) names += (i == 0 ? "" : ", ") + rows[i].id;
  return rows.size() > kNamed ? names + "..." : names;
}

bool is_wanted(const Query& query, const StoredDetection& one) {
  if (query.workload && one.workload != *query.workload) return false;
  return query.image.empty() || glob_matches(query.image, one.image);
}

/// Open or closed, newest first, as `query` asks, without what SQL does not know.
Result<Statement> ask(Database& database, const Query& query) {
  const auto sql = select(
      "WHERE (?1 IS NULL OR time >= ?1) AND (?2 = 0 OR (?2 = 1) = (state <> 'closed')) "
      "ORDER BY alerted DESC, id DESC");
  return database.ask(sql, query.since, static_cast<std::int64_t>(query.state));
}

}  // namespace

Status Store::put(const StoredDetection& one) {
  const std::scoped_lock lock(mutex_);
  return put_locked(one);
}

Status Store::put_locked(const StoredDetection& one) {
  if (Status fine = check_put(one); !fine) return fine;
  const auto sql = fmt::format("INSERT INTO detections({}) VALUES({}) {}", kColumns, kPlaces, kUnlessNewer);
  Status done = database_->run(sql, one.id, name_of(one.state), hex16(one.boot), one.host, hex16(one.workload.value()),
                               one.opened.value(), one.first_seen, one.alerted, one.time, one.reported.value(),
                               one.score, one.threshold, one.release, one.exe_sha256, one.exe, one.image,
                               one.pod_namespace, one.comm, one.report, one.allowed_by);
  return done ? done : done.error().within("detection " + one.id);
}

Result<StoredDetection> Store::detection(const std::string& prefix) {
  if (prefix.size() < kShortestPrefix || !is_hex(prefix))
    return bad(fmt::format("a detection is named by the first {} or more digits of its id, in lower-case hex",
                           kShortestPrefix));
  const std::scoped_lock lock(mutex_);
  auto found = all(database_->ask(select("WHERE id >= ?1 AND id < ?1 || 'g' ORDER BY id LIMIT 9"), prefix));
  if (!found) return found.error();
  if (found->empty()) return bad(fmt::format("there is no detection whose id begins with {}", prefix));
  if (found->size() > 1 && found->front().id != prefix)
    return bad(fmt::format("{} may be any of {}: give more digits", prefix, candidates(*found)));
  return std::move(found->front());
}

Result<std::vector<StoredDetection>> Store::detections(const Query& query) {
  const std::scoped_lock lock(mutex_);
  auto asked = ask(*database_, query);
  if (!asked) return asked.error();
  std::vector<StoredDetection> rows;
  while (query.limit == 0 || rows.size() < query.limit) {
    const auto row = asked->step();
    if (!row) return row.error();
    if (!*row) break;
    if (auto one = row_of(*asked); is_wanted(query, one)) rows.push_back(std::move(one));
  }
  return rows;
}

Result<std::vector<StoredDetection>> Store::open_of(std::uint64_t boot) {
  const std::scoped_lock lock(mutex_);
  return all(database_->ask(select("WHERE boot = ? AND state <> 'closed' ORDER BY alerted, id"), hex16(boot)));
}

Status Store::add(const Verdict& verdict) {
  if (Status said = check_said("who gives a verdict", verdict.who); !said) return said;
  if (Status said = check_said("why it is given", verdict.why); !said) return said;
  const std::scoped_lock lock(mutex_);
  // What it was about goes with it: the word still means something when the detection is gone.
  constexpr std::string_view kSql =
      "INSERT INTO verdicts(detection, word, who, why, time, exe_sha256, image, score, release) "
      "SELECT id, ?2, ?3, ?4, ?5, exe_sha256, image, score, release FROM detections WHERE id = ?1";
  Status done = database_->run(kSql, verdict.detection, name_of(verdict.word), verdict.who, verdict.why, verdict.when);
  if (!done) return done;
  return database_->changed() == 1 ? Status{} : Status(bad("there is no detection " + verdict.detection));
}

Result<std::vector<Verdict>> Store::verdicts(const std::string& detection) {
  const std::scoped_lock lock(mutex_);
  constexpr std::string_view kSql =
      "SELECT detection, word, who, why, time FROM verdicts WHERE detection = ? ORDER BY id DESC";
  return rows(database_->ask(kSql, detection), verdict_of);
}

}  // namespace davy::store
