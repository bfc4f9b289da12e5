#include "alert/tls.h"

#include <fmt/core.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

namespace davy::alert {
namespace {

std::string last_reason() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return reason == nullptr ? "the connection broke off" : reason;
}

/// An address is looked for among the certificate's addresses, a name among its names, where `*` stands for one label.
bool expect(SSL* session, const std::string& host) {
  X509_VERIFY_PARAM* wanted = SSL_get0_param(session);
  X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) == 1) return true;
  ERR_clear_error();
  std::string name = host;  // which SSL_set_tlsext_host_name would cast to what it is not
  return X509_VERIFY_PARAM_set1_host(wanted, name.c_str(), name.size()) == 1 &&
         SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) == 1;
}

}  // namespace

Result<TlsContext> make_tls(const std::filesystem::path& ca_file) {
  TlsContext context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) return Error{"OpenSSL does not start: " + last_reason()};
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (SSL_CTX_set_default_verify_paths(context.get()) != 1)
    return Error{"the system's certificates cannot be read: " + last_reason()};
  if (!ca_file.empty() && SSL_CTX_load_verify_locations(context.get(), ca_file.c_str(), nullptr) != 1) {
    return Error{fmt::format("{}: is no readable certificate in PEM: {}", ca_file.string(), last_reason()),
                 Error::Kind::kBadInput};
  }
  ERR_clear_error();
  return context;
}

Result<TlsSession> make_session(SSL_CTX* context, const std::string& host, int socket) {
  TlsSession session(SSL_new(context));
  if (session == nullptr || !expect(session.get(), host) || SSL_set_fd(session.get(), socket) != 1)
    return Error{"TLS cannot begin: " + last_reason()};
  SSL_set_connect_state(session.get());
  return session;
}

std::string handshake_problem(SSL* session) {
  const long verified = SSL_get_verify_result(session);
  if (verified == X509_V_OK) return "no TLS: " + last_reason();
  ERR_clear_error();
  return fmt::format("its certificate is refused: {}: of an authority of your own, name that with --webhook-ca",
                     X509_verify_cert_error_string(verified));
}

}  // namespace davy::alert
