#include "screen.h"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <set>
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

class JsonScreen final : public Screen {
 public:
  explicit JsonScreen(Printer& printer) : Screen(printer) {}

  void on_detection(const Detection& detection) override { print(detect::to_json(detection)); }

  void on_health(const Health& health, const std::vector<std::string>& not_seen) override {
    if (slices_++ % kHealthEvery == 0 || not_seen != last_) print(detect::to_json(health, not_seen));
    last_ = not_seen;
  }

  void draw() override {}

 private:
  void print(const detect::Json& object) { printer_.out(detect::to_line(object) + "\n"); }

  std::size_t slices_ = 0;
  std::vector<std::string> last_;
};

class LineScreen final : public Screen {
 public:
  explicit LineScreen(Printer& printer) : Screen(printer) {}

  void on_detection(const Detection& detection) override {
    const bool was_allowed = allowed_.erase(detection.id) > 0;
    if (detection.allowed) allowed_.insert(detection.id);
    const bool alerts_again = was_allowed && !detection.allowed;
    if (detection.state == Detection::State::kUpdated && !alerts_again) return;
    printer_.out(detect::detection_text(detection, screen_options(stdout)));
  }

  void on_health(const Health& health, const std::vector<std::string>& not_seen) override {
    for (const auto& words : not_seen) tell_once(health, words);
  }

  void draw() override {}

 private:
  /// Losses carry their count in front; what kind it is, is news only once.
  void tell_once(const Health& health, const std::string& words) {
    const auto kind = words.substr(std::min(words.find_first_not_of("0123456789 "), words.size()));
    if (std::find(told_.begin(), told_.end(), kind) != told_.end()) return;
    told_.push_back(kind);
    printer_.out(fmt::format("NOT SEEN  {}  {}\n", to_rfc3339(health.wall).substr(11, 8), words));
  }

  std::vector<std::string> told_;
  std::set<std::string> allowed_;  // ids of open detections
};

class TableScreen final : public Screen {
 public:
  TableScreen(const detect::Board& board, Printer& printer) : Screen(printer), board_(board) {}
  void on_detection(const Detection&) override {}
  void on_health(const Health&, const std::vector<std::string>&) override {}

  /// At most one table waits for its turn, and it is the newest then.
  void draw() override {
    if (!waiting_.exchange(true)) printer_.out_then([this] { return table(); });
  }

  void say(const std::string& line) override {
    Screen::say(line);
    printer_.out_then([this] {
      drawn_lines_ = 0;  // the next table comes below
      return std::string();
    });
  }

 private:
  /// Goes back to where the last table began and writes over it in one piece, so that nothing flickers and what was on
  /// the terminal before stays.
  std::string table() {
    waiting_ = false;
    const auto snapshot = board_.latest();
    if (snapshot->version == 0 || snapshot->version == drawn_version_) return {};
    drawn_version_ = snapshot->version;
    const auto text = detect::table_text(*snapshot, screen_options(stdout));
    const auto back = drawn_lines_ == 0 ? std::string() : fmt::format("\x1b[{}A", drawn_lines_);
    drawn_lines_ = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    return back + "\r\x1b[J" + text;
  }

  const detect::Board& board_;
  std::atomic<bool> waiting_ = false;
  // Of the printer's thread:
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

std::unique_ptr<Screen> Screen::create(Show show, const detect::Board& board, Printer& printer) {
  if (show == Show::kJson) return std::make_unique<JsonScreen>(printer);
  if (show == Show::kLines) return std::make_unique<LineScreen>(printer);
  return std::make_unique<TableScreen>(board, printer);
}

}  // namespace davy::app
