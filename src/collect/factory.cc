#include "collect/factory.h"

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <utility>

#include "collect/ebpf/ebpf_source.h"
#include "collect/proc/proc_source.h"

namespace davy::collect {
namespace {

constexpr std::array<std::string_view, 4> kRungNames{"auto", "tracing", "raw", "proc"};
constexpr std::array<std::string_view, 3> kArmingNames{"adaptive", "always", "never"};

template <typename Enum, std::size_t N>
Result<Enum> one_of(const std::array<std::string_view, N>& names, const std::string& name, std::string_view what) {
  std::string all;
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == name) return static_cast<Enum>(i);
    all.append(i == 0 ? "" : ", ").append(names[i]);
  }
  return Error{fmt::format("unknown {} '{}': choose one of {}", what, name, all), Error::Kind::kBadInput};
}

using Source = Result<std::unique_ptr<event::SliceSource>>;

Source open_rung(Rung rung, const CollectorOptions& options) {
  if (rung == Rung::kProc) return open_proc({.slice_seconds = options.slice_seconds, .images = options.images});
  if (options.pretend_no_btf || ::access("/sys/kernel/btf/vmlinux", R_OK) != 0) {
    return Error{"no kernel BTF (/sys/kernel/btf/vmlinux): needs a kernel built with CONFIG_DEBUG_INFO_BTF",
                 Error::Kind::kUnavailable};
  }
  EbpfOptions ebpf;
  ebpf.rung = rung;
  ebpf.arming = options.arming;
  ebpf.slice_seconds = options.slice_seconds;
  ebpf.images = options.images;
  return open_ebpf(ebpf);
}

}  // namespace

std::string_view name_of(Rung rung) { return kRungNames[static_cast<std::size_t>(rung)]; }
std::string_view name_of(Arming arming) { return kArmingNames[static_cast<std::size_t>(arming)]; }
Result<Rung> rung_from(const std::string& name) { return one_of<Rung>(kRungNames, name, "rung"); }
Result<Arming> arming_from(const std::string& name) { return one_of<Arming>(kArmingNames, name, "arming"); }

Result<Collector> open_collector(const CollectorOptions& options) {
  if (options.rung != Rung::kAuto) {
    Source source = open_rung(options.rung, options);
    if (!source) return source.error().within(fmt::format("rung {}", name_of(options.rung)));
    return Collector{.source = *std::move(source), .rung = options.rung, .not_taken = {}};
  }
  Collector collector;
  for (const Rung rung : {Rung::kTracing, Rung::kRawTracepoint, Rung::kProc}) {
    Source source = open_rung(rung, options);
    if (source) {
      collector.source = *std::move(source);
      collector.rung = rung;
      return collector;
    }
    collector.not_taken.push_back(fmt::format("{}: {}", name_of(rung), source.error().message));
  }
  return Error{fmt::format("nothing to collect with: {}", fmt::join(collector.not_taken, "; ")),
               Error::Kind::kUnavailable};
}

}  // namespace davy::collect
