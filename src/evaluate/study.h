#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "dataset/examples.h"
#include "evaluate/cut.h"
#include "evaluate/fold.h"
#include "evaluate/inner_loop.h"
#include "train/learner.h"

namespace davy::evaluate {

struct StudyOptions {
  std::uint64_t seed = 1;
  std::uint32_t repeats = 5;  // of the grouped split; the others are cut once
  std::uint32_t outer = 5;    // folds
  std::uint32_t inner = 3;
  std::size_t windows_of_run = 24;  // that count, at most
  std::vector<train::Learner> learners;
  std::vector<Scheme> schemes;
  train::Grid grid = train::Grid::kFull;
  std::optional<model::Counting> counting;  // how an alert is decided; none: by evidence, fitted inside each fold
  bool ablation = true;                     // train::kStarter without each group of features
  bool learning_curve = true;               // train::kStarter from a part of the families
  std::size_t threads = 0;                  // 0: one a CPU. The results are the same for any number
};

/// One fold for one model family: the unit of work, and of what is kept.
struct Job {
  Scheme scheme = Scheme::kGrouped;
  train::Learner learner = train::kStarter;
  std::uint32_t repeat = 0;
  std::uint32_t fold = 0;
  std::string without;          // name of the group of features left out
  std::uint32_t percent = 100;  // of the families that could be learned from
  bool operator==(const Job&) const = default;
};
std::string name_of(const Job& job);  // "grouped-forest-r1-f3", a file's name

/// The parts of families from which the learning curve learns, in percent; all of them is the fold itself.
inline constexpr std::uint32_t kLearningPercents[] = {25, 50, 75};

struct Done {
  Job job;
  Fold fold;
};

/// All folds of an evaluation, in the order of their jobs, whoever computed them.
class Study {
 public:
  /// Cuts `examples`, whose file has `digest`. Bad options and data that cannot be judged are kBadInput, with the way
  /// out; a scheme other than kGrouped that the data do not allow is left out and named in `omitted()`.
  static Result<Study> create(dataset::Examples examples, std::string digest, const StudyOptions& options);

  [[nodiscard]] std::size_t jobs() const { return jobs_.size(); }
  [[nodiscard]] const dataset::Examples& examples() const { return examples_; }
  [[nodiscard]] const std::string& digest() const { return digest_; }
  [[nodiscard]] const StudyOptions& options() const { return options_; }
  struct Omitted {
    Scheme scheme;
    std::string why;
  };
  [[nodiscard]] const std::vector<Omitted>& omitted() const { return omitted_; }

  /// Computes what is not yet in `folder`, which is made, and keeps each fold there as it is done, so that a study that
  /// was killed goes on where it was; folds of another dataset or other options are made anew. `on_done` is told how
  /// many are, `kept` of which were found; from any thread but one at a time. Stops early, with kFailed, when `stop`
  /// says so.
  struct Watch {
    std::function<void(std::size_t done, std::size_t kept)> on_done = [](std::size_t, std::size_t) {};
    std::function<bool()> stop = [] { return false; };
  };
  Result<std::vector<Done>> run(const std::filesystem::path& folder, const Watch& watch) const;

 private:
  class Crew;

  Study(dataset::Examples examples, std::string digest, StudyOptions options)
      : examples_(std::move(examples)), digest_(std::move(digest)), options_(std::move(options)) {}

  Status add_scheme(Scheme scheme);
  void add_jobs(Scheme scheme);
  void add_focus_jobs();
  [[nodiscard]] std::string key_of(const Job& job) const;
  [[nodiscard]] Result<Fold> compute(const Job& job) const;
  [[nodiscard]] Cut thinned(const Material& material, const Cut& cut, const Job& job) const;

  /// A scheme's material and its cuts, one a repeat.
  struct Prepared {
    Scheme scheme;
    Material material;
    std::vector<Cut> cuts;
  };
  [[nodiscard]] const Prepared& prepared(Scheme scheme) const;

  dataset::Examples examples_;
  std::string digest_;
  StudyOptions options_;
  std::vector<Prepared> prepared_;
  std::vector<Omitted> omitted_;
  std::vector<Job> jobs_;
};

}  // namespace davy::evaluate
