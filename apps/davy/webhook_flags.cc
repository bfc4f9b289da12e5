#include "webhook_flags.h"

#include <utility>

namespace davy::app {

void add_webhook(CLI::App& command, WebhookFlags& flags) {
  command.add_option("--webhook", flags.url, "Where alerts are POSTed to; http:// on this host only")
      ->envname("DAVY_WEBHOOK")
      ->type_name("URL");
  command.add_option("--webhook-secret", flags.secret, "What alerts are signed with: 16 bytes or more, mode 0600")
      ->envname("DAVY_WEBHOOK_SECRET")
      ->type_name("FILE");
  command.add_option("--webhook-ca", flags.ca, "An authority to trust besides the system's (PEM)")
      ->envname("DAVY_WEBHOOK_CA")
      ->type_name("FILE");
}

Result<Destination> destination_of(const WebhookFlags& flags) {
  const auto url = alert::parse_url(flags.url);
  if (!url) return url.error();
  if (flags.secret.empty()) {
    return Error{"--webhook-secret is missing: openssl rand -hex 32 makes one, which the receiver has to know, too",
                 Error::Kind::kBadInput};
  }
  auto secret = alert::Secret::load(flags.secret);
  if (!secret) return secret.error();
  return Destination{*url, *std::move(secret), flags.ca};
}

Result<std::unique_ptr<alert::Webhook>> open_webhook(Destination destination) {
  return alert::Webhook::open(destination.url, std::move(destination.secret), {.ca_file = destination.ca_file});
}

}  // namespace davy::app
