#include <fmt/core.h>

#include "store/sql.h"
#include "store/store.h"

namespace davy::store {
namespace {

constexpr std::string_view kColumns = "host, namespace, image, workload, release, point, threshold, who, why, time";

ThresholdSetting row_of(Statement& row) {
  ThresholdSetting one;
  row.into(one.scope.host, one.scope.pod_namespace, one.scope.image, one.scope.workload, one.release, one.point,
           one.threshold, one.who, one.why, one.when);
  return one;
}

std::string select(std::string_view rest) { return fmt::format("SELECT {} FROM thresholds {}", kColumns, rest); }

}  // namespace

Status Store::set(const ThresholdSetting& setting) {
  if (Status fine = store::check(setting); !fine) return fine;
  const std::scoped_lock lock(mutex_);
  const Scope& scope = setting.scope;
  return database_->run(fmt::format("INSERT INTO thresholds({}) VALUES(?,?,?,?,?,?,?,?,?,?)", kColumns), scope.host,
                        scope.pod_namespace, scope.image, scope.workload, setting.release, setting.point,
                        setting.threshold, setting.who, setting.why, setting.when);
}

Result<std::vector<ThresholdSetting>> Store::thresholds() {
  const std::scoped_lock lock(mutex_);
  constexpr std::string_view kNewest =
      "WHERE id IN (SELECT max(id) FROM thresholds GROUP BY host, namespace, image, workload, release) "
      "AND threshold IS NOT NULL ORDER BY id";
  return rows(database_->ask(select(kNewest)), row_of);
}

Result<std::vector<ThresholdSetting>> Store::threshold_history() {
  const std::scoped_lock lock(mutex_);
  return rows(database_->ask(select("ORDER BY id DESC")), row_of);
}

}  // namespace davy::store
