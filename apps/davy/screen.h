#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "detect/detector.h"
#include "detect/snapshot.h"
#include "detect/text.h"
#include "printer.h"

namespace davy::app {

/// True when `stream` is a terminal.
bool is_terminal(std::FILE* stream);

/// Width and height of the terminal behind `stream`, colour unless NO_COLOR is set or TERM is "dumb". For anything else
/// than a terminal: 80 columns, any number of rows, no colour.
detect::TextOptions screen_options(std::FILE* stream);

/// What `davy watch` shows on standard output.
enum class Show { kTable, kLines, kJson };

/// Prints what the detector reports: a table drawn again after each slice, or lines that are only ever appended, or one
/// JSON object a line. Lines tell detections as they open and close, and what is not seen whenever that changes. All of
/// it goes through the printer, so that no call waits for whoever reads.
class Screen : public detect::DetectionSink {
 public:
  /// `board` must outlive the screen, and the screen must outlive the printer's thread.
  static std::unique_ptr<Screen> create(Show show, const detect::Board& board, Printer& printer);
  /// Draws the state of the newest snapshot. Call after each slice end; only the table does anything.
  virtual void draw() = 0;
  /// One line on standard error that the table does not write over.
  virtual void say(const std::string& line) { printer_.err(line + "\n"); }

 protected:
  explicit Screen(Printer& printer) : printer_(printer) {}

  Printer& printer_;
};

}  // namespace davy::app
