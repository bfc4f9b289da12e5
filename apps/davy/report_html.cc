#include "report_html.h"

#include <nlohmann/json.hpp>
#include <string_view>

#include "ui/report_page.h"

namespace davy::app {

using Json = nlohmann::json;

std::string report_html(const Json& report) {
  const std::string_view page = ui::report_page();
  const std::size_t place = page.find(ui::kReportPlace) + ui::kReportPlace.size();
  std::string html(page.substr(0, place));
  // Only strings of JSON can hold a '<', and there it may be written so; then no "</script", no "<!--" is left.
  for (const char letter : report.dump(-1, ' ', true, Json::error_handler_t::replace)) {
    if (letter == '<') {
      html += R"(\u003c)";
    } else {
      html += letter;
    }
  }
  return html += page.substr(place);
}

}  // namespace davy::app
