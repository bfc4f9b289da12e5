#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "detect/staged_test.h"

// What tests of the page share: a made-up host under a real detector, so that the page is tested on what it will show.

namespace davy::web {

/// A comm as an attacker would choose it: markup, an escape sequence, a direction override, a byte that is no UTF-8.
inline const std::string kHostileComm = "<b>\x1b[31m\xe2\x80\xae\xff\"";

class Watched {
 public:
  Watched() {
    stage_.put(2, 200, event::worker_like(4), 0, kForever);
    stage_.put(3, 300, event::encoder_like(4), 0, kForever);
    stage_.put(4, 400, event::server_like(), 0, kForever);
    event::Character hostile = event::server_like();
    hostile.comm = kHostileComm;
    stage_.put(5, 500, hostile, 0, kForever);
    auto detector = detect::Detector::create(std::make_shared<const model::Model>(detect::separating_model()), {},
                                             capture_, board_);
    detector_ = std::move(detector.value());
  }

  /// Plays `slices` more. REQUIRES: a miner is put in before it is to be seen.
  void play(std::uint64_t slices) {
    stage_.play(*detector_, now_, now_ + slices);
    now_ += slices;
  }
  void put_miner(std::uint64_t from, std::uint64_t to = kForever) {
    stage_.put(1, 100, event::miner_like(4), from, to);
  }

  [[nodiscard]] detect::Board& board() { return board_; }
  [[nodiscard]] std::shared_ptr<const detect::Snapshot> snapshot() const { return board_.latest(); }
  [[nodiscard]] std::uint64_t now() const { return now_; }

 private:
  static constexpr std::uint64_t kForever = 1'000'000;
  detect::Stage stage_;
  detect::Capture capture_;
  detect::Board board_;
  std::unique_ptr<detect::Detector> detector_;
  std::uint64_t now_ = 0;
};

}  // namespace davy::web
