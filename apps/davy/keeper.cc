#include "keeper.h"

#include <fmt/core.h>

#include <utility>

#include "detect/json.h"

namespace davy::app {
namespace {

using detect::Json;
using event::Detection;

constexpr std::int64_t kPruneEvery = 6 * 60;  // slices: an hour

/// The last report of a detection, closed.
store::StoredDetection closed(store::StoredDetection detection, WallTime now, const std::string& because) {
  detection.state = Detection::State::kClosed;
  detection.time = std::max(now, detection.time);
  Json report = Json::parse(detection.report, nullptr, false);
  if (report.is_object()) {
    report["state"] = "closed";
    report["time"] = to_rfc3339(detection.time);
    report["closed_because"] = because;
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
      entry.id.value(), entry.owner, words_of(entry.match));
}

}  // namespace

Keeper::Keeper(std::unique_ptr<store::Store> store, event::Host host)
    : store_(std::move(store)), host_(std::move(host)) {}

Result<std::unique_ptr<Keeper>> Keeper::open(const std::string& path, const event::Host& host) {
  auto store = store::Store::open(path);
  if (!store) return Error{store.error().message + "; --store none watches without", store.error().kind};
  std::unique_ptr<Keeper> keeper(new Keeper(*std::move(store), host));
  if (Status status = keeper->close_other_boots(); !status) return status.error();
  keeper->read_policy(wall_now());
  return keeper;
}

Status Keeper::close_other_boots() {
  const auto open = store_->detections({.state = store::Query::State::kOpen, .limit = 0});
  if (!open) return open.error();
  for (const store::StoredDetection& one : *open) {
    if (one.host != host_.name || one.boot == host_.boot) continue;
    if (Status status = store_->put(closed(one, wall_now(), "the host was started again")); !status) return status;
  }
  return {};
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
  const auto open = store_->open_of(host_.boot);
  if (!open) return open.error();
  for (const store::StoredDetection& one : *open) (one.allowed_by ? silent_ : told_).insert(one.id);
  release_ = release;
  next_ = &next;
  say_ = std::move(say);
  thread_ = std::thread([this] { run(); });
  return sender_ ? sender_->start() : Status{};
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
  const auto held = policy();
  const auto* entry = store::allowing(held->allowed, detection, now);
  return entry == nullptr ? std::nullopt : std::optional(allowed_by(*entry));
}

std::optional<alert::SenderCounts> Keeper::alerts() const {
  return sender_ ? std::optional(sender_->counts()) : std::nullopt;
}

std::uint64_t Keeper::unkept() const {
  const std::lock_guard lock(mutex_);
  return unkept_count_;
}

std::shared_ptr<const Policy> Keeper::policy() const {
  const std::lock_guard lock(mutex_);
  return policy_;
}

void Keeper::add(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (jobs_.size() >= kLimit) return;  // the disk has hung for days: each report comes again within a minute
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
}

void Keeper::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return over_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    const Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    std::visit([this](const auto& one) { take(one); }, job);
    lock.lock();
    unkept_count_ = unkept_.size();
  }
}

void Keeper::take(const Report& report) {
  const Detection& detection = report.detection;
  const auto kind = kind_of(detection);
  if (detection.workload == nullptr) {  // one of before, of which only the end is known
    const auto before = store_->detection(detection.id);
    if (before) keep({closed(*before, detection.time, detection.closed_because), detection, kind});
  } else {
    keep({store::stored(detection, detect::to_line(detect::to_json(detection))), detection, kind});
  }
  next_->on_detection(detection);
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
  say_once(done);
  if (done) return;
  std::erase_if(unkept_, [&](const Kept& one) { return one.report.id == kept.report.id && !one.kind; });
  unkept_.push_back(std::move(kept));
}

void Keeper::keep_again() {
  while (!unkept_.empty()) {
    const Status kept = write(unkept_.front());
    say_once(kept);
    if (!kept) return;
    unkept_.pop_front();
  }
}

void Keeper::take(const SliceEnd& end) {
  keep_again();
  say_once(write_day(end));
  if (const auto changed = store_->changed_elsewhere(); !changed || *changed) read_policy(end.health.wall);
  if (const auto expired = store_->newly_expired(end.health.wall)) {
    for (const store::AllowEntry& entry : *expired) say_(expired_words(entry));
  }
  if (++slices_ % kPruneEvery == 0) {
    if (const auto pruned = store_->prune(end.health.wall); !pruned) say_once(pruned.error());
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
  if (status) status = store_->watched(day, unwritten_.seconds, unwritten_.armed);
  if (status) unwritten_ = {};
  return status;
}

void Keeper::read_policy(WallTime now) {
  auto thresholds = store_->thresholds();
  auto allowed = store_->allowed_at(now);
  if (!thresholds || !allowed) return say_once(thresholds ? allowed.error() : thresholds.error());
  auto read = std::make_shared<const Policy>(Policy{*std::move(thresholds), *std::move(allowed)});
  const std::lock_guard lock(mutex_);
  policy_ = std::move(read);
}

void Keeper::say_once(const Status& status) {
  if (status.ok() == failing_ && say_) {
    say_(status.ok() ? "davy: the store takes reports again; none was lost"
                     : fmt::format("davy: reports are not kept for now, watching goes on: {}", status.error().message));
  }
  failing_ = !status.ok();
}

}  // namespace davy::app
