#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "alert/url.h"

// A receiver on 127.0.0.1 that answers as a test says, well or badly. It knows nothing of the code it tests.

namespace davy::alert {

struct Received {
  std::string head;
  std::string body;

  /// The value of a header, or "?".
  [[nodiscard]] std::string header(const std::string& name) const {
    const auto at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return "?";
    const auto begin = at + 2 + name.size() + 2;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
  [[nodiscard]] std::string id() const { return header("X-Davy-Delivery"); }
};

/// A connection as the receiver has it.
class Peer {
 public:
  Peer(int socket, SSL_CTX* tls, const std::atomic<bool>& over) : socket_(socket), over_(over) {
    if (tls == nullptr) return;
    tls_ = SSL_new(tls);
    SSL_set_fd(tls_, socket);
    is_open_ = SSL_accept(tls_) == 1;
  }
  ~Peer() {
    if (tls_ != nullptr) SSL_free(tls_);
    close(socket_);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  bool write(const std::string& bytes) {
    if (!is_open_) return false;
    if (tls_ != nullptr) return SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size())) > 0;
    return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }
  /// "" at the end.
  std::string read() {
    std::array<char, 4096> bytes{};
    if (!is_open_) return {};
    const auto got = tls_ != nullptr ? SSL_read(tls_, bytes.data(), static_cast<int>(bytes.size()))
                                     : ::recv(socket_, bytes.data(), bytes.size(), 0);
    return got > 0 ? std::string(bytes.data(), static_cast<std::size_t>(got)) : std::string();
  }
  /// Until the other side or the test has ended it.
  void hang() {
    pollfd one{socket_, POLLRDHUP, 0};
    while (!over_ && poll(&one, 1, 10) <= 0) continue;
  }
  [[nodiscard]] int socket() const { return socket_; }

 private:
  int socket_;
  SSL* tls_ = nullptr;
  bool is_open_ = true;
  const std::atomic<bool>& over_;
};

/// A key and a certificate that vouches for itself, in PEM at `path`, for `names` ("DNS:localhost,IP:127.0.0.1").
class SelfSigned {
 public:
  SelfSigned(const std::string& path, const std::string& names, long valid_s = 3600) {
    key_ = EVP_EC_gen("P-256");
    certificate_ = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate_), 1);
    X509_set_version(certificate_, 2);
    X509_gmtime_adj(X509_getm_notBefore(certificate_), -7200);
    X509_gmtime_adj(X509_getm_notAfter(certificate_), valid_s);
    X509_set_pubkey(certificate_, key_);
    X509_set_issuer_name(certificate_, X509_get_subject_name(certificate_));
    X509_EXTENSION* alternatives = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
    X509_add_ext(certificate_, alternatives, -1);
    X509_EXTENSION_free(alternatives);
    EXPECT_GT(X509_sign(certificate_, key_, EVP_sha256()), 0);
    std::FILE* file = std::fopen(path.c_str(), "wb");
    EXPECT_EQ(PEM_write_X509(file, certificate_), 1);
    std::fclose(file);
  }
  ~SelfSigned() {
    X509_free(certificate_);
    EVP_PKEY_free(key_);
  }
  SelfSigned(const SelfSigned&) = delete;
  SelfSigned& operator=(const SelfSigned&) = delete;

  [[nodiscard]] SSL_CTX* server() const {
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(context, certificate_);
    SSL_CTX_use_PrivateKey(context, key_);
    return context;
  }

 private:
  EVP_PKEY* key_;
  X509* certificate_;
};

inline std::string answer(int status, const std::string& headers = "", const std::string& body = "ok") {
  return "HTTP/1.1 " + std::to_string(status) + " Said\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// Called with each request once it is there whole, from a thread of its connection.
using Manners = std::function<void(Peer&, const Received&)>;

inline Manners says(int status, const std::string& headers = "") {
  return [=](Peer& peer, const Received&) { peer.write(answer(status, headers)); };
}

class Receiver {
 public:
  explicit Receiver(Manners manners = says(200), const SelfSigned* certificate = nullptr, std::uint16_t port = 0)
      : manners_(std::move(manners)), tls_(certificate == nullptr ? nullptr : certificate->server()) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_port = htons(port);
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&here), sizeof here), 0);
    EXPECT_EQ(listen(listener_, 64), 0);
    socklen_t size = sizeof here;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&here), &size);
    port_ = ntohs(here.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~Receiver() {
    over_ = true;
    acceptor_.join();
    close(listener_);
    for (auto& thread : threads_) thread.join();
    if (tls_ != nullptr) SSL_CTX_free(tls_);
  }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  std::atomic<bool> hangs_up{false};  // once connected, before a request is there

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] Url url(const std::string& host = "127.0.0.1") const {
    return {tls_ != nullptr, host, port_, "/hook?a=%20"};
  }
  [[nodiscard]] std::vector<Received> received() const {
    const std::lock_guard lock(mutex_);
    return received_;
  }
  [[nodiscard]] std::size_t connections() const { return connections_; }
  /// The most that were open at the same time.
  [[nodiscard]] int most_at_once() const { return most_; }

 private:
  void accept_all() {
    while (!over_) {
      pollfd one{listener_, POLLIN, 0};
      if (poll(&one, 1, 10) <= 0) continue;
      const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      ++connections_;
      const int open = ++open_;
      if (open > most_) most_ = open;
      threads_.emplace_back([this, socket] { serve(socket); });
    }
  }

  void serve(int socket) {
    Peer peer(socket, tls_, over_);
    Received request;
    const bool whole = !hangs_up && take(peer, request);
    if (whole) {
      const std::lock_guard lock(mutex_);
      received_.push_back(request);
    }
    --open_;  // before the answer: whoever has read that may connect again
    if (whole) manners_(peer, request);
  }

  static bool take(Peer& peer, Received& request) {
    std::string bytes;
    std::size_t head = std::string::npos;
    while ((head = bytes.find("\r\n\r\n")) == std::string::npos) {
      const auto more = peer.read();
      if (more.empty()) return false;
      bytes += more;
    }
    request.head = bytes.substr(0, head + 2);
    request.body = bytes.substr(head + 4);
    const auto length = std::stoul("0" + request.header("Content-Length"));
    while (request.body.size() < length) {
      const auto more = peer.read();
      if (more.empty()) return false;
      request.body += more;
    }
    return true;
  }

  Manners manners_;
  SSL_CTX* tls_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> over_{false};
  std::atomic<std::size_t> connections_{0};
  std::atomic<int> open_{0};
  std::atomic<int> most_{0};
  std::thread acceptor_;
  std::vector<std::thread> threads_;
  mutable std::mutex mutex_;
  std::vector<Received> received_;
};

inline std::string made_up_secret() { return std::string(32, 's'); }

template <typename Condition>
bool soon(Condition condition, std::chrono::milliseconds within = std::chrono::seconds(20)) {
  const auto until = std::chrono::steady_clock::now() + within;
  while (!condition() && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  return condition();
}

}  // namespace davy::alert
