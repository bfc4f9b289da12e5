#include "keeper.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "detect/columns.h"
#include "detect/json.h"

namespace davy::app {
namespace {

using detect::Json;
using event::Detection;

constexpr std::int64_t kPruneEvery = 6 * 60;   // slices: an hour
constexpr std::chrono::hours kLongestStep{1};  // of the clock: leap seconds and NTP take smaller ones

/// The last report of a detection, closed as `end` says.
store::StoredDetection closed(store::StoredDetection detection, const Detection& end) {
  detection.state = Detection::State::kClosed;
  detection.time = end.time;
  Json report = Json::parse(detection.report, nullptr, false);
  if (report.is_object()) {
    report["state"] = "closed";
    report["time"] = to_rfc3339(detection.time);
    report["closed_because"] = end.closed_because;
    detection.report = detect::to_line(report);
  }
  return detection;
}

event::Allowed allowed_by(const store::AllowEntry& entry) {
  return {entry.id.value(), entry.owner, entry.reason, entry.expires};
}

std::string expired_words(const store::AllowEntry& entry) {
  return fmt::format(
      "davy: allow entry {} of {} has expired ({}): what it covered alerts again; renew it with "
      "`davy allow`, if it is still wanted",
      entry.id.value(), detect::printable(entry.owner), detect::printable(words_of(entry.match)));
}

}  // namespace

Keeper::Keeper(std::unique_ptr<store::Store> store, event::Host host)
    : store_(std::move(store)), host_(std::move(host)) {}

Result<std::unique_ptr<Keeper>> Keeper::open(const std::string& path, const event::Host& host) {
  auto store = store::Store::open(path);
  if (!store) return Error{store.error().message + "; --store none watches without", store.error().kind};
  return std::unique_ptr<Keeper>(new Keeper(*std::move(store), host));
}

Result<std::vector<detect::OpenBefore>> Keeper::open_before() const {
  const auto open = store_->open_of(host_.boot);
  if (!open) return open.error();
  std::vector<detect::OpenBefore> before;
  for (const store::StoredDetection& one : *open)
    before.push_back({one.workload, one.id, one.opened, one.alerted, one.first_seen, one.score});
  return before;
}

void Keeper::send_by(std::unique_ptr<alert::Webhook> webhook, std::function<void(const std::string&)> say) {
  alert::SenderOptions options;
  options.say = std::move(say);
  sender_ = std::make_unique<alert::Sender>(*store_, std::move(webhook), std::move(options));
}

Status Keeper::start(const std::string& release, detect::DetectionSink& next,
                     std::function<void(const std::string&)> say) {
  release_ = release;
  next_ = &next;
  say_ = std::move(say);
  if (Status found = find_open(); !found) return found;
  if (Status read = read_policy(); !read) return read;
  thread_ = std::thread([this] { run(); });
  return sender_ ? sender_->start() : Status{};
}

Status Keeper::find_open() {
  const auto open = store_->detections({.state = store::Query::State::kOpen, .limit = 0});
  if (!open) return open.error();
  for (const store::StoredDetection& one : *open) {
    if (one.host != host_.name) continue;
    (one.allowed_by ? silent_ : told_).insert(one.id);
    if (one.boot == host_.boot) continue;
    Detection end;
    end.state = Detection::State::kClosed;
    end.id = one.id;
    end.time = wall_now();
    end.closed_because = "the host was started again";
    add(Report{end});
  }
  return {};
}

Keeper::~Keeper() { finish(); }

void Keeper::finish() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  if (sender_) sender_->stop();
}

void Keeper::on_detection(const Detection& detection) { add(Report{detection}); }

void Keeper::on_health(const event::Health& health, const std::vector<std::string>& not_seen) {
  add(SliceEnd{health, not_seen, std::exchange(levels_, {})});
}

void Keeper::on_level(const event::Workload& workload, double level) {
  levels_[workload.id] = {workload.id, level, workload.cgroup, workload.image, store::namespace_of(workload)};
}

std::optional<double> Keeper::threshold_of(const event::Workload& workload) const {
  const auto now = policy();
  const auto* setting = store::most_specific(now->thresholds, release_, host_, workload);
  return setting == nullptr ? std::nullopt : setting->threshold;
}

std::optional<event::Allowed> Keeper::allowed(const Detection& detection, WallTime now) const {
  if (detection.workload == nullptr) return std::nullopt;  // its end alone is told
  const auto held = policy();
  if (const auto* entry = store::allowing(held->allowed, detection, now)) return allowed_by(*entry);
  // While nobody speaks for mining whoever happens to be loudest is not what ends it.
  const bool quiet = detection.allowed && detection.score < detection.threshold;
  const bool holds = quiet && std::any_of(held->allowed.begin(), held->allowed.end(), [&](const auto& entry) {
                       return entry.id.value() == detection.allowed->entry && in_force(entry, now);
                     });
  return holds ? detection.allowed : std::nullopt;
}

std::optional<alert::SenderCounts> Keeper::alerts() const {
  return sender_ ? std::optional(sender_->counts()) : std::nullopt;
}

std::uint64_t Keeper::unkept() const {
  const std::lock_guard lock(mutex_);
  constexpr std::size_t kHangs = 1000;
  return unkept_count_ + (jobs_.size() > kHangs ? jobs_.size() : 0);
}

std::uint64_t Keeper::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

std::shared_ptr<const Policy> Keeper::policy() const {
  const std::lock_guard lock(mutex_);
  return policy_;
}

void Keeper::add(Job job) {
  {
    const std::lock_guard lock(mutex_);
    const auto* report = std::get_if<Report>(&job);
    const bool is_news = report != nullptr && report->detection.state != Detection::State::kUpdated;
    if (jobs_.size() >= kLimit && !is_news) {
      ++dropped_;
      return;
    }
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
}

void Keeper::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return over_ || !jobs_.empty(); });
    if (jobs_.empty()) break;
    const Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    std::visit([this](const auto& one) { take(one); }, job);
    lock.lock();
    unkept_count_ = unkept_.size() + ends_.size();
  }
  lock.unlock();
  keep_again();
  if (!unkept_.empty()) say_(fmt::format("davy: {} reports could not be kept", unkept_.size()));
}

void Keeper::take(const Report& report) {
  const Detection& detection = report.detection;
  if (detection.workload == nullptr) return end_before(detection);
  const auto kind = kind_of(detection);
  keep({store::stored(detection, detect::to_line(detect::to_json(detection))), detection, kind});
  next_->on_detection(detection);
}

/// One of before, of which only the end is known: what else was known of it stands in the store.
void Keeper::end_before(const Detection& end) {
  const auto before = store_->detection(end.id);
  if (!before) {
    if (before.error().kind != Error::Kind::kBadInput) ends_.push_back(end);
    return complain(before.error());
  }
  const store::StoredDetection last = closed(*before, end);
  Detection whole = store::known_of(last);
  whole.closed_because = end.closed_because;
  keep({last, whole, kind_of(whole)});
  next_->on_detection(whole);
}

std::optional<store::Alert::Kind> Keeper::kind_of(const Detection& detection) {
  using Kind = store::Alert::Kind;
  if (detection.state == Detection::State::kClosed) {
    silent_.erase(detection.id);
    return told_.erase(detection.id) > 0 ? std::optional(Kind::kClosed) : std::nullopt;
  }
  if (detection.allowed) {
    silent_.insert(detection.id);
    return std::nullopt;
  }
  const bool was_silent = silent_.erase(detection.id) > 0;
  const bool is_new = told_.insert(detection.id).second;
  if (was_silent) return Kind::kAllowEnded;
  return is_new ? std::optional(Kind::kOpened) : std::nullopt;
}

Status Keeper::write(const Kept& kept) {
  if (!sender_ || !kept.kind) return store_->put(kept.report);
  return sender_->put(kept.report, *kept.kind, kept.detection, kept.report.time);
}

void Keeper::keep(Kept kept) {
  const Status done = write(kept);
  if (!done && done.error().kind == Error::Kind::kBadInput) return complain(done);  // it will never be taken
  if (!done) note_kept(done);
  if (done) return;
  std::erase_if(unkept_, [&](const Kept& one) { return one.report.id == kept.report.id && !one.kind; });
  unkept_.push_back(std::move(kept));
}

void Keeper::keep_again() {
  for (const Detection& end : std::exchange(ends_, {})) end_before(end);
  while (!unkept_.empty()) {
    const Status kept = write(unkept_.front());
    if (!kept && kept.error().kind != Error::Kind::kBadInput) return note_kept(kept);
    unkept_.pop_front();
    note_kept(kept);
  }
}

void Keeper::take(const SliceEnd& end) {
  keep_again();
  complain(write_day(end));
  const auto changed = store_->changed_elsewhere();
  policy_stale_ = policy_stale_ || !changed || *changed;
  if (policy_stale_) complain(read_policy());
  if (const auto expired = store_->newly_expired(end.health.wall)) {
    for (const store::AllowEntry& entry : *expired) say_(expired_words(entry));
  }
  if (note_clock(end.health) && ++slices_ % kPruneEvery == 0) {
    if (const auto pruned = store_->prune(end.health.wall); !pruned) complain(pruned.error());
  }
  next_->on_health(end.health, end.not_seen);
}

Status Keeper::write_day(const SliceEnd& end) {
  for (const auto& [workload, level] : end.levels) unwritten_.levels.insert_or_assign(workload, level);
  unwritten_.seconds += event::kSliceSeconds;
  unwritten_.armed += static_cast<double>(end.health.armed_us) / 1e6;
  std::vector<store::WorkloadLevel> levels;
  for (const auto& [workload, level] : unwritten_.levels) levels.push_back(level);
  const store::Day day = store::day_of(end.health.wall);
  Status status = levels.empty() ? Status{} : store_->saw(day, release_, levels);
  if (status) status = store_->watched(day, release_, unwritten_.seconds, unwritten_.armed);
  if (status) unwritten_ = {};
  return status;
}

/// False once the clock was set by far while we watched, against the host's own slices: then nobody knows what is old.
bool Keeper::note_clock(const event::Health& health) {
  const auto slices = std::chrono::seconds(health.number.value() * event::kSliceSeconds);
  const WallTime started = health.wall - slices;
  if (!started_) started_ = started;
  const auto moved = std::chrono::abs(started - *started_);
  if (clock_holds_ && moved > kLongestStep) {
    clock_holds_ = false;
    say_(fmt::format(
        "davy: the clock was set by {:.1f} hours: nothing is deleted from the store until davy starts again",
        std::chrono::duration<double, std::ratio<3600>>(moved).count()));
  }
  return clock_holds_;
}

/// All that are not revoked: whether one is in force is asked of each report's time.
Status Keeper::read_policy() {
  auto thresholds = store_->thresholds();
  if (!thresholds) return thresholds.error();
  auto allowed = store_->allow_entries();
  if (!allowed) return allowed.error();
  std::erase_if(*allowed, [](const store::AllowEntry& entry) { return entry.revoked.has_value(); });
  auto read = std::make_shared<const Policy>(Policy{*std::move(thresholds), *std::move(allowed)});
  const std::lock_guard lock(mutex_);
  policy_ = std::move(read);
  policy_stale_ = false;
  return {};
}

void Keeper::note_kept(const Status& status) {
  if (!status && !failing_)
    say_(fmt::format("davy: reports are not kept for now, watching goes on: {}", status.error().message));
  if (status && failing_ && unkept_.empty()) say_("davy: the store takes reports again; none was lost");
  failing_ = !status || (failing_ && !unkept_.empty());
}

void Keeper::complain(const Status& status) {
  const std::string words = status ? "" : status.error().message;
  if (!words.empty() && words != complaint_ && !failing_) say_("davy: the store: " + words);
  complaint_ = words;
}

}  // namespace davy::app
