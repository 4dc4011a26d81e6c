#pragma once
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "stages/chunk/chunker.hpp"
#include "tests/support/test.hpp"
#include "tests/unit/chunk/tokenizers.hpp"

/// What tests/data/make_llama_index_vectors.py wrote.
namespace dream::test {

/// A file of the vectors: of tests/data/llama_index, or of $DREAM_LLAMA_INDEX_VECTORS for a fuzz run.
[[nodiscard]] inline nlohmann::json llama_index(const std::string& name) {
  const char* elsewhere = std::getenv("DREAM_LLAMA_INDEX_VECTORS");
  const auto folder = elsewhere != nullptr ? std::filesystem::path(elsewhere) : data() / "llama_index";
  std::ifstream file(folder / (name + ".json"));
  return nlohmann::json::parse(file);
}

[[nodiscard]] inline Document document_of(const std::string& text) { return {digest_of(text), text, {0}}; }

/// The documents of the vectors.
[[nodiscard]] inline std::vector<Document> llama_index_documents() {
  std::vector<Document> out;
  for (const auto& text : llama_index("documents")) out.push_back(document_of(text.get<std::string>()));
  return out;
}

/// The chunker of one set of nodes of nodes.json.
[[nodiscard]] inline std::unique_ptr<chunk::Chunker> chunker_of(const std::string& method,
                                                                const nlohmann::json& set) {
  Params params;
  for (const char* name : {"size", "overlap", "window"}) {
    if (set.contains(name)) params.set(name, set[name].get<std::int64_t>());
  }
  if (set.contains("sizes")) {
    const auto sizes = set["sizes"].get<std::vector<std::int64_t>>();
    params.set("sizes", sizes);
    params.set("compat", std::string(sizes.front() < sizes.back() ? "dream" : ""));
  }
  const auto& row = chunk::chunker_row(method);
  BOOST_TEST_REQUIRE(row.check(params) == "");
  return row.make(params, tokenizer(set.value("tokenizer", "alnum")));
}

}  // namespace dream::test
