#include "model/weight_files.hpp"

#include "base/errors.hpp"
#include "tests/support/test.hpp"
#include "tests/unit/model/tiny_bert.hpp"

using namespace dream;
using nlohmann::json;
using test::TinyBert;
namespace fs = std::filesystem;

namespace {

fs::path fresh() {
  static int count = 0;
  const auto folder = test::folder() / ("w" + std::to_string(count++));
  fs::create_directories(folder);
  return folder;
}

/// A file of tensors of two floats each, the first value that of the letter.
std::string file_of(const std::string& letters) {
  json header;
  std::string data;
  for (const char letter : letters) {
    const float values[] = {static_cast<float>(letter), 1};
    header[std::string(1, letter)] = {
        {"dtype", "F32"}, {"shape", {2}}, {"data_offsets", {data.size(), data.size() + sizeof values}}};
    data.append(reinterpret_cast<const char*>(values), sizeof values);
  }
  return TinyBert::safetensors(header, data);
}

/// Files one.safetensors with a and b, two.safetensors with c.
fs::path in_two(const json& index) {
  const auto folder = fresh();
  TinyBert::put(folder / "one.safetensors", file_of("ab"));
  TinyBert::put(folder / "two.safetensors", file_of("c"));
  TinyBert::put(folder / "model.safetensors.index.json", index.dump());
  return folder;
}

const json honest{
    {"weight_map", {{"a", "one.safetensors"}, {"b", "one.safetensors"}, {"c", "two.safetensors"}}}};

json with(const char* name, const json& file) {
  auto index = honest;
  index["weight_map"][name] = file;
  return index;
}

void check_error(const fs::path& folder, const std::string& file, const std::string& item,
                 const std::string& part) {
  try {
    const model::WeightFiles files(folder);
    BOOST_ERROR("no error for " << item);
  } catch (const ModelError& error) {
    BOOST_TEST(fs::path(error.path).filename().string() == file, error.what());
    BOOST_TEST(error.item == item, error.what());
    BOOST_TEST(std::string(error.what()).find(part) != std::string::npos, error.what());
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(tensors_are_found_in_all_files_of_an_index) {
  const model::WeightFiles files(in_two(honest));
  for (const char* name : {"a", "b", "c"}) {
    BOOST_TEST(files.has(name));
    BOOST_TEST(files.floats(name, {2}).values()[0] == static_cast<float>(*name));
  }
  BOOST_TEST(!files.has("d"));
  try {
    (void)files.floats("d", {2});
    BOOST_ERROR("no error");
  } catch (const ModelError& error) {
    BOOST_TEST(error.item == "d");
    BOOST_TEST(error.path.ends_with("model.safetensors.index.json"));
  }
}

BOOST_AUTO_TEST_CASE(one_file_outranks_an_index) {
  const auto folder = in_two(honest);
  TinyBert::put(folder / "model.safetensors", file_of("x"));
  const model::WeightFiles files(folder);
  BOOST_TEST(files.has("x"));
  BOOST_TEST(!files.has("a"));
  BOOST_TEST((files.digest() == model::SafeTensors(folder / "model.safetensors").digest()));
}

BOOST_AUTO_TEST_CASE(an_index_that_lies_is_met_by_name) {
  check_error(in_two(with("d", "two.safetensors")), "two.safetensors", "d",
              "the index says that it is there");
  check_error(in_two(with("c", "one.safetensors")), "one.safetensors", "c",
              "the index says that it is there");
  auto silent = honest;
  silent["weight_map"].erase("b");
  check_error(in_two(silent), "one.safetensors", "b", "the index does not say so");
  check_error(in_two(with("d", "three.safetensors")), "three.safetensors", "",
              "is missing, but the index names it");
  check_error(in_two(with("d", "../one.safetensors")), "model.safetensors.index.json", "d",
              "no file of this folder");
  check_error(in_two(with("d", "")), "model.safetensors.index.json", "d", "no file of this folder");
  check_error(in_two(with("d", 7)), "model.safetensors.index.json", "d", "no file name");
  check_error(in_two({{"metadata", 1}}), "model.safetensors.index.json", "weight_map", "no list");
  check_error(in_two({{"weight_map", json::array()}}), "model.safetensors.index.json", "weight_map",
              "no list");
  check_error(in_two(json::array()), "model.safetensors.index.json", "", "no JSON object");
  const auto twice = in_two(honest);
  TinyBert::put(twice / "two.safetensors", file_of("ac"));
  check_error(twice, "two.safetensors", "a", "too");
  const auto cut = in_two(honest);
  TinyBert::put(cut / "two.safetensors", file_of("c").substr(0, 60));
  check_error(cut, "two.safetensors", "", "truncated");
  check_error(fresh(), "model.safetensors", "", "is missing, and so is its index");
}

BOOST_AUTO_TEST_CASE(digest_covers_every_file) {
  const auto same = model::WeightFiles(in_two(honest)).digest();
  BOOST_TEST((model::WeightFiles(in_two(honest)).digest() == same));
  const auto other = in_two(honest);
  auto bytes = file_of("c");
  bytes.back() ^= 1;
  TinyBert::put(other / "two.safetensors", bytes);
  BOOST_TEST((model::WeightFiles(other).digest() != same));
}
