#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace davy::app {

/// report.html: the page of an evaluation with `report` (evaluate/report.h) in it. Names in a report were chosen by
/// whoever wrote the programs: nothing that stands there ends the element it stands in.
std::string report_html(const nlohmann::json& report);

}  // namespace davy::app
