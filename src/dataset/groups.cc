#include "dataset/groups.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <tuple>

namespace davy::dataset {
namespace {

bool is_interpreter(std::string_view exe) {
  constexpr std::array<std::string_view, 20> kNames{"python", "pypy",   "node", "java", "perl",   "ruby",   "php",
                                                    "lua",    "luajit", "bash", "dash", "sh",     "R",      "tclsh",
                                                    "erl",    "beam",   "deno", "mono", "dotnet", "busybox"};
  const std::string_view name = exe.substr(exe.rfind('/') + 1);
  const std::string_view word = name.substr(0, name.find_first_of("0123456789.-"));
  return std::find(kNames.begin(), kNames.end(), word) != kNames.end();
}

/// Where packages put what they install; /app/server and /tmp/x are many things.
bool is_installed(std::string_view exe) {
  constexpr std::array<std::string_view, 5> kPlaces{"/usr/", "/bin/", "/sbin/", "/lib", "/opt/"};
  return !exe.ends_with(" (deleted)") &&
         std::any_of(kPlaces.begin(), kPlaces.end(), [&](std::string_view place) { return exe.starts_with(place); });
}

/// Names that are joined into sets; each set is called by the first of its names.
class Joined {
 public:
  const std::string& first_of(const std::string& name) {
    const auto at = parent_.emplace(name, name).first;
    if (at->second == name) return at->first;
    const std::string& first = first_of(at->second);
    at->second = first;
    return first;
  }
  void join(const std::string& a, const std::string& b) {
    const std::string one = first_of(a), other = first_of(b);
    parent_[std::max(one, other)] = std::min(one, other);
  }

 private:
  std::map<std::string, std::string> parent_;
};

/// Numbers the groups by name.
std::map<std::string, std::uint32_t> number_groups(const Examples& examples, const std::vector<std::string>& names) {
  std::map<std::string, std::uint32_t> numbers;
  for (const Example& example : examples.rows) {
    if (in_a_class(example.label)) numbers.emplace(names[example.run], 0);
  }
  std::uint32_t next = 0;
  for (auto& [name, number] : numbers) number = next++;
  return numbers;
}

}  // namespace

std::string executable_of(const Run& run) {
  const auto exe = run.seen.find("exe");
  return exe == run.seen.end() || is_interpreter(exe->second) || !is_installed(exe->second) ? "" : exe->second;
}

std::vector<std::string> group_names(const std::vector<Run>& runs, std::span<const std::string> joined_by) {
  Joined joined;
  const auto name_of = [](const Run& run) { return run.group.empty() ? run.family : run.group; };
  std::map<std::pair<bool, std::string>, std::string> family_of;  // by executable, and by what else joins
  const auto join_by = [&](bool further, const std::string& key, const Run& run) {
    if (key.empty()) return;
    const auto [seen, fresh] = family_of.emplace(std::pair(further, key), name_of(run));
    if (!fresh) joined.join(seen->second, name_of(run));
  };
  for (std::size_t i = 0; i < runs.size(); ++i) {
    join_by(false, executable_of(runs[i]), runs[i]);
    if (!joined_by.empty()) join_by(true, joined_by[i], runs[i]);
  }
  std::vector<std::string> names;
  for (const Run& run : runs) names.push_back(joined.first_of(name_of(run)));
  return names;
}

Groups group(const Examples& examples) {
  const std::size_t count = examples.rows.size();
  Groups groups;
  groups.family_of.assign(count, Groups::kNone);
  groups.program_of.assign(count, Groups::kNone);
  groups.weight.assign(count, 0.0);
  const std::vector<std::string> names = group_names(examples.runs);
  const auto numbers = number_groups(examples, names);
  groups.families.resize(numbers.size());
  std::map<std::tuple<std::string, std::string, event::Label>, std::uint32_t> programs;
  std::vector<std::size_t> size_of;
  for (std::uint32_t i = 0; i < count; ++i) {
    const event::Label label = examples.rows[i].label;
    if (!in_a_class(label)) continue;
    const Run& run = examples.run_of(i);
    const std::string& name = names[examples.rows[i].run];
    Groups::Family& family = groups.families[groups.family_of[i] = numbers.at(name)];
    family.name = name;
    family.miner |= label == event::Label::kMiner;
    family.rows.push_back(i);
    const auto next = static_cast<std::uint32_t>(programs.size());
    const auto [at, fresh] = programs.try_emplace({run.family, run.program, label}, next);
    if (fresh) size_of.push_back(0);
    ++size_of[groups.program_of[i] = at->second];
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (groups.program_of[i] != Groups::kNone)
      groups.weight[i] = 1.0 / static_cast<double>(size_of[groups.program_of[i]]);
  }
  groups.programs = programs.size();
  return groups;
}

}  // namespace davy::dataset
