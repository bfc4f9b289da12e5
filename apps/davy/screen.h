#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "detect/detector.h"
#include "detect/snapshot.h"
#include "detect/text.h"

namespace davy::app {

/// True when `stream` is a terminal.
bool is_terminal(std::FILE* stream);

/// Width and height of the terminal behind `stream`, colour unless NO_COLOR is set or TERM is "dumb". For anything else
/// than a terminal: 80 columns, any number of rows, no colour.
detect::TextOptions screen_options(std::FILE* stream);

/// To standard output at once. When nobody reads it any more, nothing happens: watching goes on.
void put(const std::string& text);

/// What `davy watch` shows on standard output.
enum class Show { kTable, kLines, kJson };

/// Prints what the detector reports: a table drawn again after each slice, or lines that are only ever appended, or one
/// JSON object a line. Lines tell detections as they open and close, and what is not seen whenever that changes.
class Screen : public detect::DetectionSink {
 public:
  /// `board` must outlive the screen.
  static std::unique_ptr<Screen> create(Show show, const detect::Board& board);
  /// Draws the state of the newest snapshot. Call after each slice end; only the table does anything.
  virtual void draw() = 0;
  /// One line on standard error that the table does not write over.
  virtual void say(const std::string& line) = 0;
};

}  // namespace davy::app
