#include "collect/doctor.h"

#include <fmt/core.h>
#include <httplib.h>

#include <algorithm>
#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "collect/factory.h"
#include "collect/host.h"
#include "collect/privileges.h"
#include "commands.h"
#include "detect/columns.h"
#include "detect/coverage.h"
#include "detect/json.h"
#include "screen.h"
#include "self_test.h"
#include "stop.h"
#include "web/address.h"

namespace davy::app {
namespace {

using collect::Standing;
using detect::Json;

constexpr std::size_t kNameWidth = 26;
constexpr std::size_t kStandingWidth = 9;
constexpr std::size_t kMargin = 2;

struct Flags {
  bool json = false;
  bool self_test = false;
  bool pretend_no_btf = false;
  double seconds = 60;
  std::string model;
  std::string rung = "auto";
  std::string running = "127.0.0.1:7979";
};

/// What was lost, from a running Davy or from a short collection of our own.
struct Losses {
  std::string source;
  std::vector<event::Health::Counter> counters;
};

// ---- losses ----

class LastHealth : public event::SliceSink {
 public:
  void on_slice(const event::Slice& /*slice*/) override {}
  void on_slice_end(const event::Health& health) override {
    last_ = health;
    ++ended_;
  }
  [[nodiscard]] std::size_t ended() const { return ended_; }
  [[nodiscard]] const event::Health& last() const { return last_; }

 private:
  event::Health last_;
  std::size_t ended_ = 0;
};

std::optional<Losses> ask_running(const std::string& at) {
  const auto address = web::parse_address(at);
  if (!address) return std::nullopt;
  httplib::Client client(address->host, address->port);
  client.set_connection_timeout(0, 300'000);
  client.set_read_timeout(1, 0);
  const auto answer = client.Get("/api/v1/health");
  if (!answer || answer->status != 200) return std::nullopt;
  const Json body = Json::parse(answer->body, nullptr, false);
  if (!body.is_object() || !body.contains("counters") || !body["counters"].is_object()) return std::nullopt;
  Losses losses{.source = "of the Davy that runs at " + at + ", since its start", .counters = {}};
  for (const auto& [name, value] : body["counters"].items()) {
    if (value.is_number_unsigned()) losses.counters.push_back({name, value.get<std::uint64_t>()});
  }
  return losses;
}

/// Two slices of one second.
Losses collect_shortly(event::SliceSource& source) {
  constexpr std::size_t kSlices = 2;
  LastHealth health;
  const auto stop = stop_after(5);
  const auto ran = source.run(health, [&] { return stop() || health.ended() >= kSlices; });
  Losses losses{.source = fmt::format("of {} s of collecting just now", health.ended()), .counters = {}};
  if (!ran) losses.source = "unknown: " + ran.error().message;
  losses.counters = health.last().counters;
  return losses;
}

// ---- text ----

struct Paint {
  bool colour = false;
  [[nodiscard]] std::string of(Standing standing) const {
    std::string word = detect::left(collect::name_of(standing), kStandingWidth);
    if (!colour) return word;
    // Green, yellow and red of the terminal's own palette, so that they hold on light and dark.
    constexpr std::array kCodes{32, 33, 31};
    return fmt::format("\x1b[{}m{}\x1b[0m", kCodes[static_cast<std::size_t>(standing)], word);
  }
  [[nodiscard]] std::string bold(const std::string& text) const {
    return colour ? fmt::format("\x1b[1m{}\x1b[0m", text) : text;
  }
};

std::size_t text_column() { return kMargin + kStandingWidth + kNameWidth; }

/// Text in the column that begins at `column`, broken between words.
std::string in_column(const std::string& text, std::size_t column, std::size_t width) {
  const std::string lines = detect::wrap(text, std::max<std::size_t>(width, column + 20) - column, 0);
  std::string out;
  for (const char c : lines) {
    out += c;
    if (c == '\n') out.append(column, ' ');
  }
  return out;
}

/// `said`: the advice given last in this group, which is not given again.
void print_finding(const collect::Finding& finding, std::string& said, const Paint& paint, std::size_t width) {
  fmt::print("{:{}}{}{}{}\n", "", kMargin, paint.of(finding.standing), detect::left(finding.name, kNameWidth),
             in_column(detect::printable(finding.value), text_column(), width));
  if (finding.standing == Standing::kOk || finding.advice.empty() || finding.advice == said) return;
  said = finding.advice;
  fmt::print("{:{}}{}\n", "", text_column(), in_column("> " + finding.advice, text_column(), width));
}

void print_losses(const Losses& losses, const Paint& paint, std::size_t width) {
  fmt::print("\n{}\n", paint.bold(detect::wrap("Lost, " + losses.source, width, 0)));
  for (const auto& counter : losses.counters) {
    const std::string words = detect::words_for_counter(counter.name);
    if (words.empty()) continue;
    fmt::print("{:{}}{}{:>12}  {}\n", "", kMargin, paint.of(counter.value == 0 ? Standing::kOk : Standing::kLimited),
               counter.value, detect::printable(words));
  }
}

/// "3 of 34 could be better: collects by tracing."
std::string summary(const collect::Diagnosis& diagnosis) {
  std::size_t all = 0;
  std::size_t lacking = 0;
  for (const auto& group : diagnosis.groups) {
    for (const auto& finding : group.findings) {
      ++all;
      lacking += finding.standing == Standing::kOk ? 0U : 1U;
    }
  }
  const std::string found = lacking == 0 ? fmt::format("all {} points are as they should be", all)
                                         : fmt::format("{} of {} points are limited or missing", lacking, all);
  return fmt::format("Collects by the {} rung; {}.", collect::name_of(diagnosis.rung), found);
}

void print_text(const collect::Diagnosis& diagnosis, const Losses& losses) {
  const auto screen = screen_options(stdout);
  const Paint paint{.colour = screen.colour};
  const std::size_t width = std::min<std::size_t>(screen.width, 100);
  fmt::print("{}\n", paint.bold(fmt::format("Davy {} on {}", DAVY_VERSION, collect::this_host()->name)));
  fmt::print("{}\n", summary(diagnosis));
  for (const auto& group : diagnosis.groups) {
    fmt::print("\n{}\n", paint.bold(group.title));
    std::string said;
    for (const auto& finding : group.findings) print_finding(finding, said, paint, width);
  }
  fmt::print("\n{}\n", paint.bold("Not seen here"));
  for (const auto& blind : diagnosis.blind) {
    fmt::print("{:{}}- {}\n", "", kMargin, in_column(detect::printable(blind), kMargin + 2, width));
  }
  print_losses(losses, paint, width);
}

// ---- JSON ----

Json to_json(const collect::Diagnosis& diagnosis, const Losses& losses) {
  Json out = {{"type", "doctor"}, {"version", DAVY_VERSION}, {"host", collect::this_host()->name}};
  out["rung"] = collect::name_of(diagnosis.rung);
  out["not_taken"] = diagnosis.not_taken;
  out["blind"] = diagnosis.blind;
  for (const auto& group : diagnosis.groups) {
    Json findings = Json::array();
    for (const auto& finding : group.findings) {
      findings.push_back({{"name", finding.name},
                          {"standing", collect::name_of(finding.standing)},
                          {"value", finding.value},
                          {"advice", finding.advice}});
    }
    out["groups"].push_back({{"title", group.title}, {"findings", std::move(findings)}});
  }
  out["losses"] = {{"source", losses.source}, {"counters", Json::object()}};
  for (const auto& counter : losses.counters) out["losses"]["counters"][counter.name] = counter.value;
  return out;
}

// ---- the command ----

int examine(const Flags& flags) {
  const auto rung = collect::rung_from(flags.rung);
  if (!rung) return report(rung.error());
  collect::CollectorOptions options{.rung = *rung, .slice_seconds = 1, .pretend_no_btf = flags.pretend_no_btf};
  const auto diagnosis = collect::diagnose({.collector = options});
  // Opened while we may; used, like anything that reads what others wrote, once all privilege is gone.
  auto collector = collect::open_collector(options);
  const auto kept = collect::capabilities_to_iterate(collect::kernel_version());
  if (auto dropped = collect::drop_to_nobody(kept); !dropped) return report(dropped.error());
  catch_signals();
  auto losses = ask_running(flags.running);
  if (!losses && collector) losses = collect_shortly(*collector->source);
  if (!losses) losses = Losses{.source = "unknown: " + collector.error().message, .counters = {}};
  if (flags.json) {
    fmt::print("{}\n", detect::to_line(to_json(diagnosis, *losses)));
  } else {
    print_text(diagnosis, *losses);
  }
  return collector ? kDone : kFailed;
}

int run_self_test(const Flags& flags) {
  const auto alerted =
      self_test({.model = flags.model, .rung = flags.rung, .seconds = flags.seconds, .json = flags.json});
  if (!alerted) return report(alerted.error());
  return *alerted ? kDone : kFailed;
}

}  // namespace

void add_doctor(CLI::App& davy, int& exit) {
  auto* command = davy.add_subcommand("doctor", "What this host gives, what is blind, what is lost, what to do.");
  auto flags = std::make_shared<Flags>();
  command->add_flag("--json", flags->json, "One JSON object");
  command->add_flag("--self-test", flags->self_test,
                    "Run a harmless load that looks like a miner and show that it is seen; exit 1 when it is not");
  command->add_option("--seconds", flags->seconds, "Longest time for the self-test")
      ->check(CLI::Range(10.0, 600.0))
      ->capture_default_str();
  command->add_option("--model", flags->model, "Model of the self-test (default: the starter model)")
      ->envname("DAVY_MODEL")
      ->type_name("FILE");
  command->add_option("--rung", flags->rung, "How slices are collected: auto, tracing, raw, proc")
      ->envname("DAVY_RUNG")
      ->capture_default_str();
  command->add_option("--running", flags->running, "Where a running Davy is asked what it lost")
      ->type_name("ADDRESS:PORT")
      ->capture_default_str();
  command->add_flag("--pretend-no-btf", flags->pretend_no_btf, "Look as on a kernel without type information");
  command->footer(
      "OK: as it should be. limited: works, but something is not seen. missing: not there; the next rung is used.\n\n"
      "Examples:\n"
      "  sudo davy doctor\n"
      "  sudo davy doctor --self-test\n"
      "  davy doctor --json | jq .blind");
  command->callback([flags, &exit] { exit = flags->self_test ? run_self_test(*flags) : examine(*flags); });
}

}  // namespace davy::app
