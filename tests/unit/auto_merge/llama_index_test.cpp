#include "stages/retrieve/auto_merge.hpp"

#include <algorithm>
#include <map>

#include "tests/unit/chunk/vectors.hpp"

using namespace dream;
using nlohmann::json;
using retrieve::Relations;

namespace {

using Family = std::vector<Relations>;

/// All documents of a hierarchy of nodes.json, as auto_merge looks them up.
class Corpus {
 public:
  Corpus(const json& set, bool with_next) {
    const auto chunker = test::chunker_of("hierarchical", set);
    for (const auto& document : test::llama_index_documents()) {
      auto family = retrieve::relations_of(chunker->chunk(document));
      // What LlamaIndex 0.14 itself keeps: no `next` below the first level.
      for (auto& relations : family) {
        if (!with_next && relations.parent >= 0) relations.next = -1;
      }
      hashes_.push_back(document.hash);
      families_.emplace(document.hash, std::move(family));
    }
  }

  [[nodiscard]] ChunkId id(const json& row) const {
    return {hashes_.at(row[0].get<std::size_t>()), row[1].get<std::int32_t>()};
  }
  [[nodiscard]] retrieve::ChunkLookup lookup() const {
    return [this](const ChunkId& id) {
      return families_.at(id.document).at(static_cast<std::size_t>(id.ordinal));
    };
  }

 private:
  std::vector<Digest> hashes_;
  std::map<Digest, Family> families_;
};

using Result = std::pair<float, ChunkId>;

/// What we return, and what LlamaIndex returned in our order: it leaves the order of equal scores open.
void check_question(const Corpus& corpus, const json& question, const char* links) {
  std::vector<RetrievedChunk> hits;
  for (const auto& row : question["hits"])
    hits.push_back({corpus.id(row), row[2].get<float>() / 65536, Origin::hit});
  std::vector<Result> expected;
  for (const auto& row : question[links])
    expected.emplace_back(static_cast<float>(row[2].get<double>()), corpus.id(row));
  std::ranges::sort(expected, [](const Result& a, const Result& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  std::vector<Result> got;
  for (const auto& chunk : retrieve::auto_merge(hits, corpus.lookup()))
    got.emplace_back(chunk.score, chunk.chunk);
  BOOST_TEST_CONTEXT(question) { BOOST_TEST((got == expected)); }
}

}  // namespace

BOOST_AUTO_TEST_CASE(five_hundred_retrievals_merge_as_in_llama_index) {
  const auto sets = test::llama_index("nodes")["hierarchical"];
  std::size_t questions = 0;
  std::size_t filled = 0;
  for (const auto& group : test::llama_index("auto_merge")) {
    const auto& set = sets[group["hierarchical"].get<std::size_t>()];
    const Corpus stock(set, false);
    const Corpus linked(set, true);
    for (const auto& question : group["questions"]) {
      check_question(stock, question, "stock");
      check_question(linked, question, "linked");
      ++questions;
      filled += question["stock"] != question["linked"] ? 1 : 0;
    }
  }
  BOOST_TEST(questions >= 500U);
  BOOST_TEST(filled > 100U);  // filling changed these: the vectors do test it
}
