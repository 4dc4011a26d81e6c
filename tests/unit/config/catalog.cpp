#include "tests/unit/config/catalog.hpp"

namespace dream::config::test {
namespace {

using Integers = std::vector<std::int64_t>;

std::string check_overlap(const Params& params) {
  const bool good = params.get<std::int64_t>("overlap") < params.get<std::int64_t>("size");
  return good ? "" : "overlap must be smaller than size";
}

std::string check_sizes(const Params& params) {
  const auto& sizes = params.get<Integers>("sizes");
  for (std::size_t i = 1; i < sizes.size(); ++i) {
    if (sizes[i] >= sizes[i - 1]) return "sizes must descend";
  }
  return "";
}

}  // namespace

Catalog catalog() {
  Catalog all;
  all.methods = {{{"overlap",
                   "windows of tokens",
                   {{"size", std::int64_t{256}, "tokens in a chunk", 1, 8192},
                    {"overlap", std::int64_t{0}, "tokens shared", 0, 4096}}},
                  &check_overlap},
                 {{"sentence_window",
                   "one sentence and its neighbours",
                   {{"window", std::int64_t{3}, "sentences on each side", 1, 10},
                    {"strict", false, "no part of a sentence"}}},
                  nullptr},
                 {{"hierarchical",
                   "levels of chunks",
                   {{"sizes", Integers{512, 256, 128}, "tokens per level", 1, 8192}}},
                  &check_sizes}};
  ModelKind hash{
      {"hash", "vectors of hashed words", {{"dimension", std::int64_t{256}, "of the vectors", 8, 4096}}}};
  hash.embedder = true;
  ModelKind extractive{{"extractive", "the best sentence", {}}};
  extractive.llm = true;
  ModelKind openai{{"openai",
                    "a remote service",
                    {{"base_url", std::string(), "of the service", {}, {}, true},
                     {"model", std::string("default"), "its name there"},
                     {"prefix", std::string(), "before every text"},
                     {"limits.in_flight", std::int64_t{8}, "requests at a time", 1, 4096},
                     {"limits.requests_per_minute", std::int64_t{0}, "0: no limit", 1, 1e6},
                     {"price.input", 0.0, "per million tokens", 0}}}};
  openai.embedder = openai.llm = openai.has_api_key = openai.reranker = true;
  ModelKind cross{{"cross", "reads two texts at once", {}}};
  cross.reranker = true;
  all.models = {hash, extractive, openai, cross};
  all.searches = {{"grid", "every combination", {}},
                  {"random",
                   "some of them",
                   {{"trials", std::int64_t{10}, "how many", 1}, {"share", 0.5, "of all", 0, 1}}}};
  all.metrics = {"answer_correctness", "faithfulness", "context_recall"};
  return all;
}

std::map<std::string, std::string> variables() {
  return {{"DATA", "inputs"},
          {"LLM_API_KEY", "sk-verysecret"},
          {"EMPTY", ""},
          {"TWO_LINES", "sk-verysecret\r\nX: y"},
          {"DATA_2", "more"}};
}

}  // namespace dream::config::test
