#include "evaluate/study.h"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "base/file.h"
#include "base/hash.h"
#include "base/random.h"
#include "dataset/groups.h"
#include "evaluate/nested.h"
#include "feature/schema.h"
#include "train/forest.h"

namespace davy::evaluate {
namespace {

namespace fs = std::filesystem;
using dataset::Examples;

/// Counts up when what a fold is made of changes, so that folds of before are not taken for it.
constexpr int kMethod = 6;

Error bad(std::string message) { return {std::move(message), Error::Kind::kBadInput}; }

Status check_options(const StudyOptions& options) {
  if (options.repeats < 1) return bad("an evaluation needs one repeat or more");
  if (options.outer < 2 || options.inner < 2) return bad("an evaluation needs two folds or more, outside and inside");
  if (options.windows_of_run < 1) return bad("at least one window of a run must count");
  if (const char* fault = options.counting ? model::fault_of(*options.counting) : nullptr) return bad(fault);
  if (options.learners.empty()) return bad("no model is named");
  return {};
}

/// How many windows equal one of another group.
std::size_t shared_windows(const Examples& examples) {
  const dataset::Groups groups = dataset::group(examples);
  std::map<std::vector<float>, std::map<std::uint32_t, std::size_t>> seen;  // how often in which group
  for (std::size_t i = 0; i < examples.rows.size(); ++i)
    ++seen[{examples.row(i).begin(), examples.row(i).end()}][groups.family_of[i]];
  std::size_t shared = 0;
  for (const auto& [row, by_group] : seen) {
    for (const auto& [group, rows] : by_group) shared += by_group.size() > 1 ? rows : 0;
  }
  return shared;
}

/// What no split can mend, with the way out.
Status check_examples(const Examples& examples) {
  if (Status status = train::check_trainable(examples, dataset::group(examples)); !status) return status;
  if (std::none_of(examples.rows.begin(), examples.rows.end(), [](const auto& row) { return !row.learned; })) {
    return bad(
        "the dataset holds only the windows that are learned from: build it with `davy dataset build --every-window`, "
        "so that runs can be judged as the detector sees them");
  }
  const std::size_t shared = shared_windows(examples);
  if (2 * shared > examples.rows.size()) {
    return bad(
        fmt::format("{} of {} windows are the same as one of another family, so nothing tells families apart: "
                    "what was recorded is not what was labelled, see `davy dataset audit`",
                    shared, examples.rows.size()));
  }
  return {};
}

}  // namespace

std::string name_of(const Job& job) {
  std::string name =
      fmt::format("{}-{}-r{}-f{}", name_of(job.scheme), train::name_of(job.learner), job.repeat + 1, job.fold + 1);
  if (!job.without.empty()) {
    std::string group = job.without;
    std::replace(group.begin(), group.end(), ' ', '_');
    name += "-without_" + group;
  }
  if (job.percent != 100) name += fmt::format("-of_{}_percent", job.percent);
  return name;
}

Result<Study> Study::create(Examples examples, std::string digest, const StudyOptions& options) {
  if (Status status = check_options(options); !status) return status.error();
  if (Status status = check_examples(examples); !status) return status.error();
  const auto groups = dataset::group_names(examples.runs);  // of all runs: a part may lack the one that joins two
  for (std::size_t i = 0; i < groups.size(); ++i) examples.runs[i].group = groups[i];
  Study study(std::move(examples), std::move(digest), options);
  for (const Scheme scheme : options.schemes) {
    const Status added = study.add_scheme(scheme);
    if (!added && scheme == Scheme::kGrouped) return added.error();
    if (!added) study.omitted_.push_back({scheme, added.error().message});
  }
  if (study.prepared_.empty()) return bad("no split is possible: " + study.omitted_.front().why);
  for (const Prepared& one : study.prepared_) study.add_jobs(one.scheme);
  study.add_focus_jobs();
  return study;
}

Status Study::add_scheme(Scheme scheme) {
  Prepared made{scheme, material_for(examples_, scheme, options_.windows_of_run), {}};
  const std::uint32_t repeats = scheme == Scheme::kGrouped ? options_.repeats : 1;
  for (std::uint32_t repeat = 0; repeat < repeats; ++repeat) {
    auto cut_up = cut(made.material.examples, scheme, options_.outer, mix(options_.seed) + repeat);
    if (!cut_up) return cut_up.error();
    if (Status status = check_inner(made.material, *cut_up, scheme, options_.inner); !status) return status;
    made.cuts.push_back(std::move(*cut_up));
  }
  prepared_.push_back(std::move(made));
  return {};
}

void Study::add_jobs(Scheme scheme) {
  const Prepared& made = prepared(scheme);
  for (const train::Learner learner : options_.learners) {
    for (std::uint32_t repeat = 0; repeat < made.cuts.size(); ++repeat) {
      for (std::uint32_t fold = 0; fold < made.cuts[repeat].folds; ++fold)
        jobs_.push_back({scheme, learner, repeat, fold, "", 100});
    }
  }
}

void Study::add_focus_jobs() {
  const auto& asked = options_.learners;
  const bool grouped = std::any_of(prepared_.begin(), prepared_.end(),
                                   [](const Prepared& one) { return one.scheme == Scheme::kGrouped; });
  if (!grouped || std::find(asked.begin(), asked.end(), train::kStarter) == asked.end()) return;
  for (std::uint32_t fold = 0; fold < options_.outer; ++fold) {
    for (std::size_t group = 0; options_.ablation && group < static_cast<std::size_t>(feature::Group::kCount);
         ++group) {
      const std::string name(feature::name_of(static_cast<feature::Group>(group)));
      jobs_.push_back({Scheme::kGrouped, train::kStarter, 0, fold, name, 100});
    }
    for (const std::uint32_t percent : kLearningPercents) {
      if (options_.learning_curve) jobs_.push_back({Scheme::kGrouped, train::kStarter, 0, fold, "", percent});
    }
  }
}

const Study::Prepared& Study::prepared(Scheme scheme) const {
  return *std::find_if(prepared_.begin(), prepared_.end(), [&](const Prepared& one) { return one.scheme == scheme; });
}

std::string Study::key_of(const Job& job) const {
  const train::Known known = train::known_features();
  std::vector<std::string> settings;
  for (const auto& one : train::settings_of(job.learner, known, options_.grid, 0)) settings.push_back(one.words());
  const nlohmann::json json{{"job", name_of(job)},
                            {"dataset", digest_},
                            {"schema", examples_.schema},
                            {"method", kMethod},
                            {"seed", options_.seed},
                            {"outer", options_.outer},
                            {"inner", options_.inner},
                            {"windows", options_.windows_of_run},
                            {"grid", options_.grid == train::Grid::kFull ? "full" : "small"},
                            {"decision", options_.counting ? words_of(*options_.counting) : "evidence"},
                            {"features", known.features},
                            {"monotone", known.monotone},
                            {"groups", known.groups},
                            {"settings", settings}};
  return sha256_hex(json.dump());
}

Cut Study::thinned(const Material& material, const Cut& whole, const Job& job) const {
  Cut thin = whole;
  const dataset::Groups groups = dataset::group(material.examples);
  std::set<std::uint32_t> left_out;
  for (const bool miner : {true, false}) {
    std::vector<std::pair<std::uint64_t, std::uint32_t>> order;
    for (std::uint32_t i = 0; i < groups.families.size(); ++i) {
      const auto& family = groups.families[i];
      if (family.miner != miner || whole.fold_of_row[family.rows.front()] == job.fold) continue;
      order.emplace_back(CounterRandom(options_.seed, hash64(family.name)).bits(), i);
    }
    std::sort(order.begin(), order.end());
    // Each inner fold must leave a family of miners, and two honest ones, to learn from.
    const std::size_t least = miner ? options_.inner : 2 * options_.inner;
    const std::size_t kept = std::max<std::size_t>(least, (order.size() * job.percent + 99) / 100);
    for (std::size_t i = kept; i < order.size(); ++i) left_out.insert(order[i].second);
  }
  for (std::size_t i = 0; i < thin.fold_of_row.size(); ++i) {
    if (groups.family_of[i] != dataset::Groups::kNone && left_out.contains(groups.family_of[i]))
      thin.fold_of_row[i] = Cut::kNeither;
  }
  return thin;
}

Result<Fold> Study::compute(const Job& job) const {
  const Prepared& made = prepared(job.scheme);
  NestedOptions nested;
  nested.seed = mix(mix(options_.seed) + job.repeat) + job.fold;
  nested.inner = options_.inner;
  nested.grid = options_.grid;
  nested.counting = options_.counting;
  if (examples_.features == feature::catalogue().size()) nested.known = train::known_features();
  const auto left_out = [&](std::uint16_t feature) {
    return feature::name_of(feature::catalogue()[feature].group) == job.without;
  };
  std::erase_if(nested.known.features, left_out);
  std::erase_if(nested.known.all, left_out);
  const Cut& whole = made.cuts[job.repeat];
  if (job.percent == 100) return judge_fold(made.material, whole, job.fold, job.scheme, job.learner, nested);
  return judge_fold(made.material, thinned(made.material, whole, job), job.fold, job.scheme, job.learner, nested);
}

/// Threads that take jobs one after the other, and what they share.
class Study::Crew {
 public:
  Crew(const Study& study, const fs::path& folder, const Watch& watch)
      : study_(study), folder_(folder), watch_(watch), done_(study.jobs_.size()) {}

  Result<std::vector<Done>> run(std::size_t threads) {
    {
      std::vector<std::jthread> others;
      for (std::size_t i = 1; i < threads; ++i) others.emplace_back([this] { work(); });
      work();
    }
    if (error_) return *error_;
    if (finished_ < done_.size()) {
      return Error{
          fmt::format("stopped after {} of {} folds: the same command goes on from there", finished_, done_.size()),
          Error::Kind::kFailed};
    }
    return std::move(done_);
  }

 private:
  void work() {
    for (std::size_t i = next_++; i < done_.size() && !failed_ && !watch_.stop(); i = next_++) {
      auto kept = found(study_.jobs_[i]);
      const bool was_kept = kept.ok();
      finish(i, was_kept ? std::move(kept) : made(study_.jobs_[i]), was_kept);
    }
  }

  [[nodiscard]] fs::path file_of(const Job& job) const { return folder_ / (name_of(job) + ".json.zst"); }

  [[nodiscard]] Result<Fold> found(const Job& job) const {
    const auto bytes = read_file(file_of(job));
    if (!bytes) return bytes.error();
    return fold_from_bytes(*bytes, study_.key_of(job));
  }

  [[nodiscard]] Result<Fold> made(const Job& job) const {
    auto fold = computed(job);
    if (!fold) return fold.error().within(name_of(job));
    if (Status kept = replace_file(file_of(job), to_bytes(*fold, study_.key_of(job))); !kept) return kept.error();
    return fold;
  }

  /// Libraries throw where memory ends; a thread must not.
  [[nodiscard]] Result<Fold> computed(const Job& job) const {
    try {
      return study_.compute(job);
    } catch (const std::exception& thrown) {
      return Error{std::string("it ended with ") + thrown.what(), Error::Kind::kFailed};
    }
  }

  void finish(std::size_t i, Result<Fold> fold, bool was_kept) {
    const std::scoped_lock lock(mutex_);
    if (!fold) {
      if (!error_) error_ = fold.error();
      failed_ = true;
      return;
    }
    done_[i] = {study_.jobs_[i], std::move(*fold)};
    ++finished_;
    kept_ += was_kept ? 1 : 0;
    watch_.on_done(finished_, kept_);
  }

  const Study& study_;
  const fs::path& folder_;
  const Watch& watch_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> failed_ = false;
  std::mutex mutex_;  // of what follows
  std::vector<Done> done_;
  std::size_t finished_ = 0, kept_ = 0;
  std::optional<Error> error_;
};

Result<std::vector<Done>> Study::run(const fs::path& folder, const Watch& watch) const {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) return Error{fmt::format("cannot make {}: {}", folder.string(), failed.message()), Error::Kind::kFailed};
  const std::size_t wished = options_.threads != 0 ? options_.threads : std::thread::hardware_concurrency();
  return Crew(*this, folder, watch).run(std::clamp<std::size_t>(wished, 1, jobs_.size()));
}

}  // namespace davy::evaluate
