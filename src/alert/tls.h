#pragma once

#include <openssl/ssl.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/result.h"

namespace davy::alert {

// OpenSSL with our errors and lifetimes, and nothing else.

struct FreeTls {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* session) const { SSL_free(session); }
};
using TlsContext = std::unique_ptr<SSL_CTX, FreeTls>;
using TlsSession = std::unique_ptr<SSL, FreeTls>;

/// A client's, of TLS 1.2 or newer, that takes a certificate only from the authorities that the system trusts and those
/// of `ca_file` (PEM; empty: none). kBadInput: that file is none; kFailed: OpenSSL does not start.
Result<TlsContext> make_tls(const std::filesystem::path& ca_file);

/// A session with `host` over a connected, non-blocking `socket`, before its handshake: the certificate has to be valid
/// for that name or address. The socket stays the caller's.
Result<TlsSession> make_session(SSL_CTX* context, const std::string& host, int socket);

/// Why the handshake of `session` failed, and what to do.
std::string handshake_problem(SSL* session);

}  // namespace davy::alert
