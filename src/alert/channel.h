#pragma once

#include <httplib.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "alert/interrupt.h"
#include "alert/resolver.h"
#include "alert/tls.h"
#include "alert/url.h"
#include "base/result.h"

namespace davy::alert {

/// One connection to a receiver that is not trusted, for one request: everything on it has an end in time and size, and
/// an Interrupt ends it at once. The library's own streams limit each byte alone, and its parser of a status line needs
/// a stack as deep as that line is long; so the head of an answer is looked at here before the library sees it.
class Channel : public httplib::Stream {
 public:
  static constexpr std::size_t kMostAnswer = std::size_t{96} << 10;  // bytes, head and body
  static constexpr std::size_t kMostHead = std::size_t{16} << 10;    // of these
  static constexpr std::size_t kMostStatusLine = 512;

  struct Times {
    Clock::time_point connected;  // by when the name has to be resolved and the connection be there
    Clock::time_point done;       // by when all has to be over
  };

  /// Connected, and with TLS past the handshake. Addresses are tried in order and share the time; over plain http only
  /// loopback ones are, whatever the name resolves to. `interrupt` must outlive it. kFailed, one line that begins with
  /// what failed: "connection refused", "its certificate is refused: ...".
  static Result<std::unique_ptr<Channel>> open(const Url& url, Resolver& resolver, SSL_CTX* tls, const Times& times,
                                               const Interrupt& interrupt);
  ~Channel() override;
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  /// What ended it, in words; empty while nothing did.
  [[nodiscard]] const std::string& problem() const { return problem_; }

  using httplib::Stream::write;
  [[nodiscard]] bool is_readable() const override;
  [[nodiscard]] bool is_writable() const override;
  /// -1 beyond a limit or on an error, 0 at the end.
  ssize_t read(char* to, std::size_t size) override;
  /// All of it, or -1.
  ssize_t write(const char* from, std::size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  [[nodiscard]] int socket() const override { return socket_; }

 private:
  /// What a call that does not block came to: `size` bytes, the end (0), or -1 with the event it waits for (0: none, it
  /// failed).
  struct Step {
    ssize_t size;
    short wants;
  };

  Channel(int socket, Clock::time_point until, const Interrupt& interrupt)
      : socket_(socket), until_(until), interrupt_(interrupt) {}
  Status shake_hands(SSL_CTX* tls, const std::string& host);
  Step step_of(int result) const;
  Step receive(char* to, std::size_t size);
  Step send(const char* from, std::size_t size);
  bool wait(short events);
  bool fill();
  bool read_head();
  [[nodiscard]] bool is_head_whole() const;
  bool check_status_line();
  bool fail(std::string problem);

  const int socket_;
  const Clock::time_point until_;
  const Interrupt& interrupt_;
  TlsSession tls_;
  std::string problem_;
  bool head_seen_ = false;
  std::string buffer_;
  std::size_t begin_ = 0;           // of what has not been read yet
  std::size_t left_ = kMostAnswer;  // bytes that may still come
};

}  // namespace davy::alert
