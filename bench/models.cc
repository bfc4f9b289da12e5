// Our side of bench/models. bench_models FOLDER ROWS TREES DEPTH makes programs to learn from and a forest, and writes
// them to FOLDER; then it obeys lines of its input, each answered by one line of JSON with the CPU seconds it took:
//   train                    grows the forest again
//   walker | simple | fast   scores all rows by one engine, into FOLDER/ENGINE.f64
//   alerts THRESHOLD         decides all rows by the early exit, into FOLDER/alerts.u8
//   explain N                explains the first N rows together, into FOLDER/explain.f64: base and values of each
//   explain_each N           one by one, as a detector does
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "model/explain.h"
#include "model/fast_forest.h"
#include "simple_loop.h"
#include "train/forest.h"

namespace davy::bench {
namespace {

constexpr std::size_t kFeatures = 100;
constexpr std::size_t kWindows = 10;  // per program

struct Shape {
  std::size_t rows;
  std::size_t trees;
  int depth;
};

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// Positive for a miner: some features tell alone, some in pairs, and a little is chance.
double leaning(const std::vector<double>& level, CounterRandom& random) {
  double sum = 2 * random.uniform() - 1;
  for (std::size_t i = 0; i < 20; ++i) {
    const double alone = level[i] - 0.5;
    const double together = (level[i * 7 % kFeatures] - 0.5) * (level[(i * 13 + 5) % kFeatures] - 0.5);
    sum += alone + 4 * together;
  }
  return sum;
}

/// One family: a program with its own level of each feature, and windows spread around it. No two values are alike.
void add_program(dataset::Examples& examples, std::uint64_t seed, std::uint32_t number) {
  CounterRandom random(seed, number);
  std::vector<double> level(kFeatures);
  for (double& one : level) one = random.uniform();
  dataset::Run run;
  run.program = run.family = "program-" + std::to_string(number);
  run.run = "1";
  run.label = leaning(level, random) > 0 ? event::Label::kMiner : event::Label::kBenign;
  examples.runs.push_back(run);
  std::vector<float> row(kFeatures);
  for (std::size_t window = 0; window < kWindows; ++window) {
    for (std::size_t i = 0; i < kFeatures; ++i) {
      row[i] = static_cast<float>(level[i] + random.uniform() + random.uniform() - 1);
    }
    examples.add({number, 0, 60, dataset::Scope::kWorkload, run.label, {}}, row);
  }
}

dataset::Examples make_examples(std::size_t rows, std::uint64_t seed) {
  dataset::Examples examples;
  examples.features = kFeatures;
  for (std::uint32_t number = 0; number < rows / kWindows; ++number) add_program(examples, seed, number);
  return examples;
}

model::Forest grow(const dataset::Examples& examples, const Shape& shape) {
  train::ForestOptions options;
  options.trees = shape.trees;
  options.tree.depth = shape.depth;
  options.tree.features_tried = 0;  // the square root of all
  options.threads = 1;
  auto grown = train::train_forest(examples, options);
  if (!grown) {
    std::fprintf(stderr, "%s\n", grown.error().message.c_str());
    std::exit(1);
  }
  return std::move(grown->forest);
}

template <typename T>
void write(const std::string& path, std::span<const T> values) {
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size_bytes()));
}

/// As bench/forests.py reads it.
struct StoredNode {
  std::uint32_t tree, left, right, feature;
  double threshold, value, cover;
};

std::vector<StoredNode> stored(const model::Forest& forest) {
  std::vector<StoredNode> nodes;
  for (std::uint32_t tree = 0; tree < forest.trees.size(); ++tree) {
    for (const model::Node& n : forest.trees[tree]) {
      nodes.push_back({tree, n.left, n.right, n.feature, n.threshold, n.value, n.cover});
    }
  }
  return nodes;
}

class Bench {
 public:
  Bench(std::string folder, const Shape& shape)
      : folder_(std::move(folder)),
        shape_(shape),
        examples_(make_examples(shape.rows, 1)),
        rows_(make_examples(shape.rows, 2).values),
        forest_(grow(examples_, shape)),
        simple_(forest_),
        fast_(forest_) {
    std::vector<std::uint8_t> miner;
    for (const auto& row : examples_.rows) miner.push_back(row.label == event::Label::kMiner ? 1 : 0);
    write<float>(folder_ + "/train.f32", examples_.values);
    write<std::uint8_t>(folder_ + "/miner.u8", miner);
    write<float>(folder_ + "/rows.f32", rows_);
    write<StoredNode>(folder_ + "/forest.nodes", stored(forest_));
  }

  void obey(const std::string& line) {
    std::istringstream words(line);
    std::string what;
    double number = 0;
    words >> what >> number;
    const double seconds = run(what, number);
    std::cout << nlohmann::json{{"what", what}, {"cpu_s", seconds}}.dump() << std::endl;
  }

 private:
  double run(const std::string& what, double number) {
    if (what == "train") return timed([&] { grow(examples_, shape_); });
    if (what == "alerts") return alerts(number);
    if (what == "explain") return explain(static_cast<std::size_t>(number), true);
    if (what == "explain_each") return explain(static_cast<std::size_t>(number), false);
    return score(what);
  }

  template <typename Work>
  static double timed(Work work) {
    const double began = cpu_seconds();
    work();
    return cpu_seconds() - began;
  }

  double score(const std::string& engine) {
    std::vector<double> out(rows_.size() / kFeatures);
    const double seconds = timed([&] {
      if (engine == "fast") return fast_.score(rows_, out);
      if (engine == "simple") return simple_.score(rows_, out);
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = model::score(forest_, row(i));
    });
    write<double>(folder_ + "/" + engine + ".f64", out);
    return seconds;
  }

  double alerts(double threshold) {
    std::vector<std::uint8_t> out(rows_.size() / kFeatures);
    const double seconds = timed([&] { fast_.alerts(rows_, threshold, out); });
    write<std::uint8_t>(folder_ + "/alerts.u8", out);
    return seconds;
  }

  double explain(std::size_t count, bool together) {
    std::vector<model::Shapley> shapley;
    const model::Explainer explainer(forest_);
    const auto rows = std::span(rows_).first(count * kFeatures);
    const double seconds = timed([&] {
      if (together) {
        shapley = explainer.explain_all(rows);
      } else {
        for (std::size_t i = 0; i < count; ++i) shapley.push_back(explainer.explain(row(i)));
      }
    });
    std::vector<double> out;
    for (const model::Shapley& one : shapley) {
      out.push_back(one.base);
      out.insert(out.end(), one.values.begin(), one.values.end());
    }
    write<double>(folder_ + "/explain.f64", out);
    return seconds;
  }

  [[nodiscard]] std::span<const float> row(std::size_t i) const {
    return std::span(rows_).subspan(i * kFeatures, kFeatures);
  }

  std::string folder_;
  Shape shape_;
  dataset::Examples examples_;
  std::vector<float> rows_;
  model::Forest forest_;
  SimpleLoop simple_;
  model::FastForest fast_;
};

}  // namespace
}  // namespace davy::bench

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: bench_models FOLDER ROWS TREES DEPTH\n", stderr);
    return 2;
  }
  davy::bench::Bench bench(argv[1], {std::strtoull(argv[2], nullptr, 10), std::strtoull(argv[3], nullptr, 10),
                                     static_cast<int>(std::strtol(argv[4], nullptr, 10))});
  std::puts("ready");
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) bench.obey(line);
  return 0;
}
