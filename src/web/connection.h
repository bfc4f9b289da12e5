#pragma once

#include <httplib.h>

#include <array>
#include <chrono>
#include <cstddef>

namespace davy::web {

/// One client's socket, with a limit to all it may ask for: a request must be there whole within `patience` and be no
/// longer than kMostRequest, and a piece of an answer must be taken within `patience`. The library's own stream
/// limits each byte alone. Closes the socket.
class Connection : public httplib::Stream {
 public:
  static constexpr std::size_t kMostRequest = 64U << 10;  // bytes, headers and body

  Connection(int socket, std::chrono::milliseconds patience) : socket_(socket), patience_(patience) {}
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Waits for a request's first byte; from it on the limits of one request count. False: none came, or no more will.
  bool wait_for_request(std::chrono::milliseconds timeout);

  using httplib::Stream::write;
  [[nodiscard]] bool is_readable() const override;
  [[nodiscard]] bool is_writable() const override;
  /// -1 beyond a limit, 0 at the end.
  ssize_t read(char* to, std::size_t size) override;
  /// All of it, or -1.
  ssize_t write(const char* from, std::size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  [[nodiscard]] int socket() const override { return socket_; }

 private:
  using Clock = std::chrono::steady_clock;
  /// Takes what is there into the buffer. False at the end, on an error and beyond a limit.
  bool fill();
  [[nodiscard]] bool ready(short events, Clock::time_point until) const;

  const int socket_;
  const std::chrono::milliseconds patience_;
  Clock::time_point until_{};
  std::size_t left_ = 0;  // bytes the request may still have
  std::array<char, 4096> buffer_{};
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace davy::web
