#include "model/model.h"

#include "base/file.h"

namespace davy::model {

Status save(const Model& model, const std::filesystem::path& path) { return replace_file(path, to_bytes(model)); }

Result<Model> load(const std::filesystem::path& path) {
  Result<std::string> bytes = read_file(path);
  if (!bytes) return bytes.error();
  Result<Model> model = from_bytes(*bytes);
  if (!model) return model.error().within(path.string());
  const Status fits = check_schema(*model, feature::schema_digest(), feature::catalogue().size());
  if (!fits) return fits.error().within(path.string());
  return model;
}

}  // namespace davy::model
