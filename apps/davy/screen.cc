#include "screen.h"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "detect/json.h"

namespace davy::app {
namespace {

using event::Detection;
using event::Health;

constexpr std::size_t kHealthEvery = 6;  // slices between health lines without change: one minute

void say_plainly(const std::string& line) { fmt::print(stderr, "{}\n", line); }

class JsonScreen final : public Screen {
 public:
  void on_detection(const Detection& detection) override { print(detect::to_json(detection)); }

  void on_health(const Health& health, const std::vector<std::string>& not_seen) override {
    if (slices_++ % kHealthEvery == 0 || not_seen != last_) print(detect::to_json(health, not_seen));
    last_ = not_seen;
  }

  void draw() override {}
  void say(const std::string& line) override { say_plainly(line); }

 private:
  static void print(const detect::Json& object) { put(detect::to_line(object) + "\n"); }

  std::size_t slices_ = 0;
  std::vector<std::string> last_;
};

class LineScreen final : public Screen {
 public:
  void on_detection(const Detection& detection) override {
    if (detection.state == Detection::State::kUpdated) return;
    put(detect::detection_text(detection, screen_options(stdout)));
  }

  void on_health(const Health& health, const std::vector<std::string>& not_seen) override {
    for (const auto& words : not_seen) tell_once(health, words);
  }

  void draw() override {}
  void say(const std::string& line) override { say_plainly(line); }

 private:
  /// Losses carry their count in front; what kind it is, is news only once.
  void tell_once(const Health& health, const std::string& words) {
    const auto kind = words.substr(std::min(words.find_first_not_of("0123456789 "), words.size()));
    if (std::find(told_.begin(), told_.end(), kind) != told_.end()) return;
    told_.push_back(kind);
    put(fmt::format("NOT SEEN  {}  {}\n", to_rfc3339(health.wall).substr(11, 8), words));
  }

  std::vector<std::string> told_;
};

class TableScreen final : public Screen {
 public:
  explicit TableScreen(const detect::Board& board) : board_(board) {}
  void on_detection(const Detection&) override {}
  void on_health(const Health&, const std::vector<std::string>&) override {}

  /// Goes back to where the last table began and writes over it in one piece, so that nothing flickers and what was on
  /// the terminal before stays.
  void draw() override {
    const auto snapshot = board_.latest();
    if (snapshot->version == 0 || snapshot->version == drawn_version_) return;
    drawn_version_ = snapshot->version;
    const auto text = detect::table_text(*snapshot, screen_options(stdout));
    const auto back = drawn_lines_ == 0 ? std::string() : fmt::format("\x1b[{}A", drawn_lines_);
    put(back + "\r\x1b[J" + text);
    drawn_lines_ = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }

  void say(const std::string& line) override {
    say_plainly(line);
    drawn_lines_ = 0;  // the next table comes below
  }

 private:
  const detect::Board& board_;
  std::uint64_t drawn_version_ = 0;
  std::size_t drawn_lines_ = 0;
};

bool wants_colour() {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool refused = no_colour != nullptr && *no_colour != '\0';
  return !refused && term != nullptr && std::string_view(term) != "dumb";
}

}  // namespace

bool is_terminal(std::FILE* stream) { return isatty(fileno(stream)) == 1; }

detect::TextOptions screen_options(std::FILE* stream) {
  detect::TextOptions options;
  if (!is_terminal(stream)) return options;
  options.colour = wants_colour();
  winsize size{};
  if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    options.width = std::clamp<std::size_t>(size.ws_col, 60, 200);
    options.rows = size.ws_row > 1 ? size.ws_row - 1U : 0;
  }
  return options;
}

void put(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

std::unique_ptr<Screen> Screen::create(Show show, const detect::Board& board) {
  if (show == Show::kJson) return std::make_unique<JsonScreen>();
  if (show == Show::kLines) return std::make_unique<LineScreen>();
  return std::make_unique<TableScreen>(board);
}

}  // namespace davy::app
