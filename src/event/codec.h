#pragma once

#include "event/recording.h"
#include "event/slice.h"
#include "event/slice.pb.h"

namespace davy::event {

// Values <-> the protobuf of slice.proto. Decoding never fails: what only a newer davy knows (rows, enum values,
// fields) is left out and counted in `newer`; what is missing is zero. decode(encode(x)) == x.

void encode(const Host& host, proto::Host& out);
void encode(const Workload& workload, proto::Workload& out);
void encode(const Process& process, proto::Process& out);
void encode(const Activity& activity, proto::Activity& out);
void encode(const Health& health, proto::Health& out);
void encode(const RecordingHeader& header, proto::RecordingHeader& out);

Host decode(const proto::Host& in, std::uint64_t& newer);
Workload decode(const proto::Workload& in, std::uint64_t& newer);
/// `boot` is the host's: it is not repeated in each process.
Process decode(const proto::Process& in, std::uint64_t boot, std::uint64_t& newer);
/// Adds to `out`, which is empty before.
void decode(const proto::Activity& in, Activity& out, std::uint64_t& newer);
Health decode(const proto::Health& in, std::uint64_t& newer);
RecordingHeader decode(const proto::RecordingHeader& in, std::uint64_t& newer);

}  // namespace davy::event
