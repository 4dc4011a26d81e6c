#include "model/weight_files.hpp"

#include <set>

#include "base/errors.hpp"
#include "text/json_file.hpp"

namespace dream::model {

namespace fs = std::filesystem;

WeightFiles::WeightFiles(const fs::path& folder) : path_((folder / "model.safetensors").string()) {
  const auto index = folder / "model.safetensors.index.json";
  if (fs::exists(path_))
    open(path_);
  else if (fs::exists(index))
    open_index(index);
  else
    throw ModelError(path_, "",
                     "is missing, and so is its index; convert weights of other formats to safetensors");
}

void WeightFiles::open(const fs::path& file) {
  const auto& opened = *files_.emplace_back(std::make_unique<const SafeTensors>(file));
  for (const auto& name : opened.names()) {
    const auto [at, is_new] = home_.emplace(name, &opened);
    if (!is_new) throw ModelError(file.string(), name, "is in " + at->second->path() + " too");
  }
}

void WeightFiles::open_index(const fs::path& index) {
  path_ = index.string();
  const auto parsed = text::read_json(index);
  const auto map = parsed.find("weight_map");
  if (map == parsed.end() || !map->is_object() || map->empty())
    throw ModelError(path_, "weight_map", "is no list of tensors and their files");
  std::map<std::string, std::set<std::string>> promised;  // of each file
  for (const auto& [name, file] : map->items()) {
    if (!file.is_string()) throw ModelError(path_, name, "is mapped to no file name");
    promised[file.get<std::string>()].insert(name);
  }
  for (const auto& [file, names] : promised) {
    // An index comes from strangers, too: it must not lead out of its folder.
    if (file.empty() || fs::path(file).filename() != file)
      throw ModelError(path_, *names.begin(),
                       "is mapped to \"" + file + "\", which is no file of this folder");
    const auto path = index.parent_path() / file;
    if (!fs::exists(path))
      throw ModelError(path.string(), "", "is missing, but the index names it; fetch the file again");
    open(path);
    for (const auto& name : names) {
      if (!has(name))
        throw ModelError(path.string(), name, "is missing, but the index says that it is there");
    }
    for (const auto& name : files_.back()->names()) {
      if (!names.contains(name))
        throw ModelError(path.string(), name, "is here, but the index does not say so");
    }
  }
}

const SafeTensors& WeightFiles::home(const std::string& name) const {
  const auto home = home_.find(name);
  if (home == home_.end())
    throw ModelError(path_, name, "is missing among " + std::to_string(home_.size()) + " tensors");
  return *home->second;
}

Floats WeightFiles::floats(const std::string& name, std::initializer_list<std::int64_t> shape) const {
  return home(name).floats(name, shape);
}

StoredRows WeightFiles::stored(const std::string& name, std::int64_t rows, std::int64_t cols) const {
  return home(name).stored(name, rows, cols);
}

void WeightFiles::let_go() const {
  for (const auto& file : files_) file->let_go();
}

Digest WeightFiles::digest() const {
  if (files_.size() == 1) return files_.front()->digest();
  Hasher hasher("weights/files");
  for (const auto& file : files_) hasher.add(file->digest());
  return hasher.finish();
}

}  // namespace dream::model
