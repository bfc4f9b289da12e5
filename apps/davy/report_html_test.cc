#include "report_html.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "ui/report_page.h"

namespace davy::app {
namespace {

using Json = nlohmann::json;

/// What a browser takes for the report: from the place for it to where the element ends.
std::string embedded(const std::string& html) {
  const std::size_t start = html.find(ui::kReportPlace) + ui::kReportPlace.size();
  return html.substr(start, html.find("</script", start) - start);
}

TEST(ReportHtml, HoldsTheReportAndThePage) {
  const Json report{{"about", {{"seed", 7}}}, {"models", Json::object()}};
  const std::string html = report_html(report);
  EXPECT_EQ(Json::parse(embedded(html)), report);
  EXPECT_EQ(html.size(), ui::report_page().size() + report.dump().size());
  EXPECT_EQ(html.substr(0, 15), "<!doctype html>");
}

TEST(ReportHtml, NothingInAReportEndsItsElement) {
  for (const char* name : {"</script><script>alert(1)</script>", "<!--<script>", "<img src=x onerror=alert(1)>", "]]>",
                           "\\u003c/script>", "\xff\xfe", "\xe2\x80\xa8"}) {
    const Json report{{"program", name}};
    const std::string text = embedded(report_html(report));
    EXPECT_EQ(text.find('<'), std::string::npos) << name;
    const Json read = Json::parse(text);
    if (name[0] != '\xff') {
      EXPECT_EQ(read, report) << name;
    }
  }
}

}  // namespace
}  // namespace davy::app
