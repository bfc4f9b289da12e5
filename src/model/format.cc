#include <fmt/core.h>

#include <cmath>

#include "base/bytes.h"
#include "base/file.h"
#include "base/hash.h"
#include "model/model.h"
#include "model/scorer_format.h"

namespace davy::model {
namespace {

constexpr std::string_view kMagic = "DAVYMDL1";
constexpr std::uint32_t kForestAlone = 1;  // versions
constexpr std::uint32_t kAnyScorer = 2;
constexpr std::uint32_t kAnyDecision = 3;
constexpr std::uint32_t kWithExemplars = 4;
constexpr std::size_t kDigestSize = 64;

Error bad(std::string message) { return {std::move(message), Error::Kind::kBadInput}; }

std::uint32_t version_of(const Model& model) {
  if (!model.exemplars.empty()) return kWithExemplars;
  if (model.decision != Decision()) return kAnyDecision;
  const bool plain = std::holds_alternative<Forest>(model.scorer) &&
                     std::holds_alternative<std::monostate>(model.calibration) && model.venn_abers == VennAbers();
  return plain ? kForestAlone : kAnyScorer;
}

bool is_share(double number) { return number >= 0 && number <= 1; }

struct PutCalibration {
  ByteWriter& out;

  void operator()(std::monostate) const { out.put(std::uint8_t{0}); }
  void operator()(const Isotonic& isotonic) const {
    out.put(std::uint8_t{1});
    out.put(static_cast<std::uint32_t>(isotonic.score.size()));
    for (std::size_t i = 0; i < isotonic.score.size(); ++i) {
      out.put(isotonic.score[i]);
      out.put(isotonic.value[i]);
    }
  }
  void operator()(const Platt& platt) const {
    out.put(std::uint8_t{2});
    out.put(platt.slope);
    out.put(platt.offset);
  }
};

void put_range(ByteWriter& out, const Range& range) {
  out.put(range.low);
  out.put(range.high);
}

void put_venn_abers(ByteWriter& out, const VennAbers& venn_abers) {
  out.put(static_cast<std::uint32_t>(venn_abers.score.size()));
  for (std::size_t i = 0; i < venn_abers.score.size(); ++i) {
    out.put(venn_abers.score[i]);
    put_range(out, venn_abers.at[i]);
  }
  for (const Range& range : venn_abers.between) put_range(out, range);
}

struct PutDecision {
  ByteWriter& out;

  void operator()(const Counting& counting) const {
    out.put(std::uint8_t{0});
    out.put(counting.needed);
    out.put(counting.of);
  }
  void operator()(const Accumulation& accumulation) const {
    out.put(static_cast<std::uint8_t>(accumulation.measure == Measure::kScore ? 1 : 2));
    out.put(accumulation.slope);
    out.put(accumulation.offset);
    out.put(accumulation.correlation);
    out.put(accumulation.memory);
  }
};

/// Appends the next score of an ascending list.
Status get_score(ByteReader& in, std::vector<double>& scores) {
  const auto score = in.get<double>();
  if (!is_share(score)) return bad("a calibration's score is not in [0, 1]");
  if (!scores.empty() && !(scores.back() < score)) return bad("a calibration's scores do not rise");
  scores.push_back(score);
  return {};
}

Result<Isotonic> get_isotonic(ByteReader& in) {
  const auto points = in.get<std::uint32_t>();
  if (!in.has(points, 2 * sizeof(double))) return bad("a calibration is longer than the file");
  Isotonic isotonic;
  for (std::uint32_t i = 0; i < points; ++i) {
    if (const Status status = get_score(in, isotonic.score); !status) return status.error();
    const auto value = in.get<double>();
    if (!is_share(value) || (i > 0 && value < isotonic.value.back())) return bad("a calibration's values fall");
    isotonic.value.push_back(value);
  }
  return isotonic;
}

Status get_calibration(ByteReader& in, Calibration& calibration) {
  switch (in.get<std::uint8_t>()) {
    case 0:
      return {};
    case 1: {
      Result<Isotonic> isotonic = get_isotonic(in);
      if (!isotonic) return isotonic.error();
      calibration = std::move(*isotonic);
      return {};
    }
    case 2: {
      const Platt platt{in.get<double>(), in.get<double>()};
      if (!std::isfinite(platt.slope) || !std::isfinite(platt.offset)) return bad("a calibration is not finite");
      calibration = platt;
      return {};
    }
    default:
      return bad("its calibration is of a kind that this davy does not know");
  }
}

Status get_range(ByteReader& in, std::vector<Range>& ranges) {
  const Range range{in.get<double>(), in.get<double>()};
  if (!is_share(range.low) || !is_share(range.high) || range.low > range.high) return bad("a range is out of order");
  ranges.push_back(range);
  return {};
}

Status get_venn_abers(ByteReader& in, VennAbers& venn_abers) {
  const auto points = in.get<std::uint32_t>();
  if (!in.has(points, 5 * sizeof(double))) return bad("ranges are longer than the file");
  Status status;
  for (std::uint32_t i = 0; i < points && status; ++i) {
    status = get_score(in, venn_abers.score);
    if (status) status = get_range(in, venn_abers.at);
  }
  for (std::uint32_t i = 0; points > 0 && i <= points && status; ++i) status = get_range(in, venn_abers.between);
  return status;
}

Accumulation get_accumulation(ByteReader& in, Measure measure) {
  return {in.get<double>(), in.get<double>(), in.get<double>(), in.get<double>(), measure};
}

Status get_decision(ByteReader& in, Decision& decision) {
  switch (in.get<std::uint8_t>()) {
    case 0:
      decision = Counting{in.get<std::uint32_t>(), in.get<std::uint32_t>()};
      break;
    case 1:
      decision = get_accumulation(in, Measure::kScore);
      break;
    case 2:
      decision = get_accumulation(in, Measure::kLogOdds);
      break;
    default:
      return bad("it decides in a way that this davy does not know");
  }
  const char* fault = fault_of(decision);
  return fault == nullptr ? Status{} : bad(fault);
}

void put_exemplars(ByteWriter& out, const std::vector<Exemplar>& exemplars) {
  out.put(static_cast<std::uint32_t>(exemplars.size()));
  for (const Exemplar& one : exemplars) {
    out.text(one.program);
    out.text(one.family);
    out.put(static_cast<std::uint8_t>(one.miner ? 1 : 0));
    for (const float value : one.row) out.put(value);
  }
}

Status get_exemplar(ByteReader& in, std::uint16_t features, std::vector<Exemplar>& exemplars) {
  Exemplar& one = exemplars.emplace_back();
  one.program = in.text();
  one.family = in.text();
  const auto miner = in.get<std::uint8_t>();
  if (miner > 1) return bad("an exemplar is neither a miner nor honest");
  one.miner = miner == 1;
  if (!in.has(features, sizeof(float))) return bad("an exemplar is longer than the file");
  for (std::uint16_t i = 0; i < features; ++i) {
    one.row.push_back(in.get<float>());
    if (!std::isfinite(one.row.back())) return bad("an exemplar is not finite");
  }
  return {};
}

Status get_exemplars(ByteReader& in, std::uint16_t features, std::vector<Exemplar>& exemplars) {
  const auto count = in.get<std::uint32_t>();
  if (!in.has(count, features * sizeof(float))) return bad("exemplars are longer than the file");
  Status status;
  for (std::uint32_t i = 0; i < count && status; ++i) status = get_exemplar(in, features, exemplars);
  return status;
}

Status get_normal(ByteReader& in, std::uint16_t features, Model& model) {
  const auto rows = in.get<std::uint32_t>();
  if (rows != 0 && rows != features) return bad("normal ranges are not one per feature");
  if (!in.has(rows, sizeof(std::array<float, 3>))) return bad("normal ranges are longer than the file");
  model.normal.resize(rows);
  for (auto& row : model.normal) {
    for (float& value : row) {
      value = in.get<float>();
      if (!std::isfinite(value)) return bad("a normal range is not finite");
    }
  }
  return {};
}

Status get_version_1(ByteReader& in, std::uint16_t features, Model& model) {
  Result<Forest> forest = get_forest(in, features);
  if (!forest) return forest.error();
  model.scorer = std::move(*forest);
  return {};
}

/// All but the decision.
Status get_version_2(ByteReader& in, std::uint16_t features, Model& model) {
  Result<Scorer> scorer = get_scorer(in, features);
  if (!scorer) return scorer.error();
  model.scorer = std::move(*scorer);
  if (const Status status = get_calibration(in, model.calibration); !status) return status.error();
  if (const Status status = get_venn_abers(in, model.venn_abers); !status) return status.error();
  return {};
}

Status get_body(ByteReader& in, std::uint32_t version, Model& model) {
  model.schema = in.get<std::uint64_t>();
  model.threshold = in.get<double>();
  const auto wide = in.get<std::uint32_t>();
  if (!is_share(model.threshold)) return bad("the threshold is not in [0, 1]");
  if (wide == 0 || wide > UINT16_MAX) return bad("the number of features is out of range");
  const auto features = static_cast<std::uint16_t>(wide);
  if (Status status = get_normal(in, features, model); !status) return status;
  model.trained = in.text();
  Status status = version == kForestAlone ? get_version_1(in, features, model) : get_version_2(in, features, model);
  if (status && version >= kAnyDecision) status = get_decision(in, model.decision);
  if (status && version == kWithExemplars) status = get_exemplars(in, features, model.exemplars);
  if (!status) return status;
  if (!in.ok()) return bad("it is truncated");
  if (version_of(model) != version) return bad(fmt::format("what it holds is of format {}", version_of(model)));
  return in.left() == 0 ? Status{} : bad("something follows its end");
}

}  // namespace

std::string to_bytes(const Model& model) {
  ByteWriter out;
  out.raw(kMagic);
  out.put(version_of(model));
  out.put(model.schema);
  out.put(model.threshold);
  out.put(static_cast<std::uint32_t>(features_of(model.scorer)));
  out.put(static_cast<std::uint32_t>(model.normal.size()));
  for (const auto& row : model.normal) {
    for (const float value : row) out.put(value);
  }
  out.text(model.trained);
  if (version_of(model) == kForestAlone) {
    put_trees(out, std::get<Forest>(model.scorer).trees);
  } else {
    put_scorer(out, model.scorer);
    std::visit(PutCalibration{out}, model.calibration);
    put_venn_abers(out, model.venn_abers);
  }
  if (version_of(model) >= kAnyDecision) std::visit(PutDecision{out}, model.decision);
  if (version_of(model) == kWithExemplars) put_exemplars(out, model.exemplars);
  out.raw(sha256_hex(out.bytes()));
  return out.take();
}

Result<Model> from_bytes(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.raw(kMagic.size()) != kMagic) return bad("it is not a model of davy");
  const auto version = in.get<std::uint32_t>();
  if (in.ok() && (version < kForestAlone || version > kWithExemplars)) {
    return bad(fmt::format("it is of format {}, this davy reads formats {} to {}: train it again with `davy train`",
                           version, kForestAlone, kWithExemplars));
  }
  if (in.left() < kDigestSize) return bad("it is truncated");
  const std::size_t body = bytes.size() - kDigestSize;
  if (sha256_hex(bytes.substr(0, body)) != bytes.substr(body)) return bad("it is truncated or altered (checksum)");
  ByteReader content(bytes.substr(0, body).substr(kMagic.size() + sizeof version));
  Model model;
  if (const Status status = get_body(content, version, model); !status) {
    return status.error().within("it is no sound model");
  }
  return model;
}

Status check_schema(const Model& model, std::uint64_t schema, std::size_t features) {
  const std::size_t own = features_of(model.scorer);
  if (model.schema == schema && own == features) return {};
  return Error{
      fmt::format("it was trained under feature schema {:016x} ({} features), this davy computes {:016x} ({}): "
                  "train it again with `davy dataset build` and `davy train`",
                  model.schema, own, schema, features),
      Error::Kind::kBadInput};
}

std::string digest(const Model& model) { return sha256_hex(to_bytes(model)); }

}  // namespace davy::model
