#include "corpus_folder.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <system_error>

namespace davy::app {
namespace {

namespace fs = std::filesystem;

Error no_corpus(const std::string& place, const char* wanted) {
  return Error{fmt::format("{}: there is no corpus with {} here: name its folder with --corpus", place, wanted),
               Error::Kind::kBadInput};
}

/// Under sudo the caller is who called sudo.
bool is_trusted(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return false;
  const char* caller = std::getenv("SUDO_UID");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  return status.st_uid == 0 || status.st_uid == ::geteuid() ||
         (caller != nullptr && std::to_string(status.st_uid) == caller);
}

}  // namespace

fs::path own_path() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error);
}

Result<fs::path> find_corpus(const std::string& named, const char* wanted) {
  std::error_code error;
  if (!named.empty()) {
    if (fs::exists(fs::path(named) / wanted, error)) return fs::path(named);
    return no_corpus(named, wanted);
  }
  const fs::path beside = "corpus";
  if (is_trusted(beside) && is_trusted(beside / wanted)) return beside;
  const fs::path folder = own_path().parent_path();
  for (const fs::path& place : {folder / "../../corpus", folder / "../share/davy/corpus"}) {
    if (fs::exists(place / wanted, error)) return place.lexically_normal();
  }
  return no_corpus("corpus", wanted);
}

}  // namespace davy::app
