#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace davy::app {

/// One thing that is wrong with the corpus: where, what it is and what to do.
struct Problem {
  std::string file;
  std::string what;
};

struct Verified {
  std::vector<Problem> problems;
  std::size_t recordings = 0;
  std::uint64_t bytes = 0;
};

/// Recordings are committed: all together may not be larger.
inline constexpr std::uint64_t kMostCorpusBytes = std::uint64_t{40} << 20;

/// Holds the shelves `corpus`/recordings and /sealed (if it is there) against their index.json, each recording's own
/// digests and header, and `corpus`/catalogue. `on_recording` is called after each with the number done.
Verified verify_corpus(const std::filesystem::path& corpus, const std::function<void(std::size_t)>& on_recording = {});

/// How many files there are to look at.
std::size_t count_recordings(const std::filesystem::path& corpus);

}  // namespace davy::app
