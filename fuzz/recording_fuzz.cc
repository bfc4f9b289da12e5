// Any bytes as a recording, and any bytes as the content of a sound frame (no mutation gets past its digest): read and
// replayed into windows and features, as `davy scan` does.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "event/frame.h"
#include "event/recording.h"
#include "event/stream.h"
#include "feature/schema.h"
#include "window/window.h"

namespace {

using davy::event::RecordingReader;
using davy::window::Window;
using davy::window::Windows;

void check(const Window& window) {
  for (const float number : davy::feature::extract(window)) {
    if (!(number > -1e30F && number < 1e30F)) std::abort();
  }
}

void replay(std::string_view bytes) {
  auto reader = RecordingReader::from_bytes(bytes, "fuzz");
  if (!reader.ok()) {
    if (reader.error().message.empty() || reader.error().message.find('\n') != std::string::npos) std::abort();
    return;
  }
  std::size_t scored = 0;
  const auto on_window = [&](const Window& window) {
    check(window);
    ++scored;
  };
  const auto windows = Windows::create({.busy_share = 0}, on_window, [](const davy::event::Health&) {});
  // Enough of a hostile file to break something, not all of a decompressed gigabyte.
  if (!(*reader)->run(*windows, [&] { return scored > 5'000; }).ok()) std::abort();
}

const std::string& start_of_a_file() {
  static const std::string kStart = [] {
    std::string plain;
    davy::event::StreamEncoder().append(davy::event::RecordingHeader{}, plain);
    return davy::event::prologue(davy::event::kSchemaVersion) + davy::event::pack_frame(plain);
  }();
  return kStart;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  replay(bytes);
  if (size <= davy::event::kMostFrameBytes) replay(start_of_a_file() + davy::event::pack_frame(bytes));
  return 0;
}
