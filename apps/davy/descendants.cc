#include "descendants.h"

#include <algorithm>

namespace davy::app {

Descendants::Descendants(std::uint32_t root) { members_.try_emplace(root); }

bool Descendants::wants(const event::Slice& slice) {
  forget_ended(slice.number);
  const bool own_session = session_ && slice.workload->id == *session_;
  if (slice.process == nullptr) return own_session;
  const event::Process& process = *slice.process;
  if (!own_session && !related(process)) return false;
  Member& member = members_[process.id.tgid];
  if (member.start_ns != process.id.start_ns) member = {process.id.start_ns, std::nullopt};
  if (slice.activity.has(event::Flag::kExited)) member.ended = slice.number;
  if (!session_ && slice.workload->kind == event::Workload::Kind::kSession) session_ = slice.workload->id;
  return true;
}

void Descendants::forget_ended(event::SliceNumber now) {
  if (now <= now_) return;
  now_ = now;
  std::erase_if(members_, [&](const auto& entry) {
    const auto& ended = entry.second.ended;
    return ended && ended->value() + 1 < now.value();
  });
}

bool Descendants::related(const event::Process& process) const {
  const auto itself = members_.find(process.id.tgid);
  if (itself != members_.end()) {
    const std::uint64_t known = itself->second.start_ns;
    if (known == 0 || known == process.id.start_ns) return true;
  }
  return members_.contains(process.parent_tgid) ||
         std::any_of(process.ancestors.begin(), process.ancestors.end(),
                     [&](const event::Ancestor& ancestor) { return members_.contains(ancestor.tgid); });
}

}  // namespace davy::app
