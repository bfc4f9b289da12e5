#pragma once

#include <CLI/CLI.hpp>

#include "base/result.h"

namespace davy::app {

/// Exit codes that scripts may rely on.
enum Exit : int { kDone = 0, kFailed = 1, kBadUse = 2, kFoundSomething = 3 };

/// Each adds its command with flags, help and examples to `davy`; the command's callback leaves its exit code in
/// `exit`. One short file a command: build the parts, connect them, run.
void add_watch(CLI::App& davy, int& exit);
void add_record(CLI::App& davy, int& exit);
void add_scan(CLI::App& davy, int& exit);
void add_corpus(CLI::App& davy, int& exit);
void add_dataset(CLI::App& davy, int& exit);
void add_train(CLI::App& davy, int& exit);
void add_evaluate(CLI::App& davy, int& exit);
void add_threshold(CLI::App& davy, int& exit);
void add_detections(CLI::App& davy, int& exit);
void add_explain(CLI::App& davy, int& exit);
void add_verdict(CLI::App& davy, int& exit);
void add_allow(CLI::App& davy, int& exit);
void add_alert(CLI::App& davy, int& exit);
void add_store(CLI::App& davy, int& exit);
void add_export(CLI::App& davy, int& exit);
void add_features(CLI::App& davy, int& exit);
void add_doctor(CLI::App& davy, int& exit);

/// kBadUse for bad input, else kFailed.
int exit_code(const Error& error);

/// Prints the error as one line on standard error; its exit code.
int report(const Error& error);

}  // namespace davy::app
