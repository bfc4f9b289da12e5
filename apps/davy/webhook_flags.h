#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "alert/secret.h"
#include "alert/url.h"
#include "alert/webhook.h"
#include "base/result.h"

namespace davy::app {

struct WebhookFlags {
  std::string url;
  std::string secret;
  std::string ca;
};

/// Adds --webhook, --webhook-secret and --webhook-ca, with DAVY_WEBHOOK and so on. What a command line says every user
/// of the host can read: a URL that holds a token belongs into the configuration or a variable.
void add_webhook(CLI::App& command, WebhookFlags& flags);

/// Where alerts go and what they are signed with.
struct Destination {
  alert::Url url;
  alert::Secret secret;
  std::filesystem::path ca_file;
};

/// Reads the secret, for which root may be needed. kBadInput. REQUIRES: flags.url is not empty.
Result<Destination> destination_of(const WebhookFlags& flags);

/// Reads certificates, for which root must not be needed: call it once root is given up.
Result<std::unique_ptr<alert::Webhook>> open_webhook(Destination destination);

}  // namespace davy::app
