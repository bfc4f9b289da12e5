#include <fmt/core.h>

#include <memory>
#include <string>

#include "alert/message.h"
#include "collect/host.h"
#include "commands.h"
#include "detect/columns.h"
#include "detect/json.h"
#include "settings.h"
#include "webhook_flags.h"

namespace davy::app {
namespace {

constexpr std::size_t kShown = 300;  // of what a receiver says, in columns

struct Flags {
  WebhookFlags webhook;
  bool json = false;
};

/// What may be done about an answer that is no success.
std::string advice(int status) {
  if (status >= 300 && status < 400) return ": no redirect is followed: name where it leads to";
  if (status == 401 || status == 403) return ": does it know the same secret?";
  return "";
}

std::string words_of(const alert::Url& url, const alert::Reply& reply) {
  const auto said = detect::cut(detect::printable(reply.body), kShown);
  return fmt::format("{}: answers {}{}{}{}", origin(url), reply.status, advice(reply.status), said.empty() ? "" : ": ",
                     said);
}

int tell(const alert::Url& url, const alert::Reply& reply) {
  const auto words = words_of(url, reply);
  if (!reply.is_taken()) return report(Error{words});
  fmt::print("{}\n", words);
  return kDone;
}

int tell_json(const std::string& id, const Result<alert::Reply>& reply) {
  const bool taken = reply && reply->is_taken();
  const detect::Json object{{"id", id},
                            {"taken", taken},
                            {"status", reply ? detect::Json(reply->status) : detect::Json(nullptr)},
                            {"answer", reply ? detect::Json(reply->body) : detect::Json(nullptr)},
                            {"error", reply ? detect::Json(nullptr) : detect::Json(reply.error().message)}};
  fmt::print("{}\n", detect::to_line(object));
  return taken ? kDone : kFailed;
}

int test(const Flags& flags) {
  if (flags.webhook.url.empty()) return report(Error{"--webhook is missing", Error::Kind::kBadInput});
  auto destination = destination_of(flags.webhook);
  if (!destination) return report(destination.error());
  const auto webhook = open_webhook(*std::move(destination));
  if (!webhook) return report(webhook.error());
  const auto now = wall_now();
  const auto one = alert::compose_test(collect::this_host()->name, now);
  const alert::Interrupt never;
  const auto reply = (*webhook)->post(one.id, one.body, now, never);
  if (flags.json) return tell_json(one.id, reply);
  return reply ? tell((*webhook)->url(), *reply) : report(reply.error());
}

}  // namespace

void add_alert(CLI::App& davy, int& exit) {
  auto* command = davy.add_subcommand("alert", "Alerts by webhook: try whether they arrive.");
  command->require_subcommand(1);
  const auto flags = std::make_shared<Flags>();
  add_webhook(*command, flags->webhook);
  add_config(*command);
  auto* one = command->add_subcommand("test", "Send one test alert and say what the receiver answers.");
  one->fallthrough();
  one->add_flag("--json", flags->json, "One JSON object");
  one->footer(
      "Exit code 0: taken (2xx). 1: not taken. docs/alerts.md says how to receive and verify.\n\n"
      "Examples:\n"
      "  sudo davy alert test --webhook https://hooks.example/davy --webhook-secret /etc/davy/webhook.secret");
  one->callback([command, flags, &exit] {
    const auto configured = apply_config(*command);
    exit = configured ? test(*flags) : report(configured.error());
  });
  command->footer(
      "Examples:\n"
      "  sudo davy alert test --webhook https://hooks.example/davy --webhook-secret /etc/davy/webhook.secret");
}

}  // namespace davy::app
