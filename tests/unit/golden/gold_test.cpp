#include "golden/gold.hpp"

#include "base/file.hpp"
#include "golden/golden.hpp"
#include "tests/support/test.hpp"

using namespace dream;

namespace {

GoldenQuestion question(std::vector<std::string> contexts, std::vector<std::string> sources = {}) {
  return {"", "Q", "R", std::move(contexts), std::move(sources)};
}

/// A corpus of (name, text) and what a sweep does with it.
golden::Gold gold_of(const std::vector<GoldenQuestion>& questions,
                     const std::vector<std::pair<std::string, std::string>>& corpus) {
  const golden::GoldFinder finder(golden::passages_of(questions));
  std::vector<golden::GoldHit> hits;
  golden::DocumentNames names;
  std::map<Digest, std::int64_t> sizes;
  for (const auto& [name, text] : corpus) {
    const auto digest = digest_of(text);
    for (const auto& hit : finder.find(digest, text)) hits.push_back(hit);
    names.emplace(name, digest);
    sizes.emplace(digest, static_cast<std::int64_t>(text.size()));
  }
  std::reverse(hits.begin(), hits.end());  // any order will do
  return golden::assemble(questions, finder, hits, names, sizes);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_passage_is_found_whatever_its_white_space_and_markup) {
  const std::vector questions{question({"The quick-brown fox\njumps, \"over\" the lazy dog."}),
                              question({"quick"}), question({"absent words are here"}), question({"7"})};
  const std::string text = "# T\n\nThe **quick** brown\n\nfox jumps over the la-\nzy dog. 17 quick";
  const auto hits = golden::GoldFinder(golden::passages_of(questions)).find(digest_of(text), text);
  BOOST_REQUIRE(hits.size() == 3);
  const auto cut = [&text](const golden::GoldHit& hit) {
    return text.substr(static_cast<std::size_t>(hit.span.begin), static_cast<std::size_t>(hit.span.size()));
  };
  BOOST_TEST(cut(hits[0]) == "The **quick** brown\n\nfox jumps over the la-\nzy dog");
  BOOST_TEST(hits[1].passage == 1);
  BOOST_TEST(hits[1].span.begin == 11);  // its first place
  BOOST_TEST(cut(hits[2]) == "7");
}

BOOST_AUTO_TEST_CASE(passages_that_begin_alike_are_told_apart) {
  const std::string common = "these thirty-two letters are the same in all of them and then ";
  const std::vector questions{question({common + "one"}), question({common + "two"}),
                              question({common + "one"}), question({"!?", common + "three"})};
  const golden::GoldFinder finder(golden::passages_of(questions));
  BOOST_TEST((finder.passages() == std::vector<std::vector<std::int32_t>>{{0}, {1}, {0}, {-1, 2}}));
  const auto text = common + "x. " + common + "two. " + common + "one.";
  const auto hits = finder.find({}, text);
  BOOST_REQUIRE(hits.size() == 2);
  BOOST_TEST(hits[0].span.end == static_cast<std::int64_t>(text.size()) - 1);
  BOOST_TEST(hits[1].span.begin == static_cast<std::int64_t>(common.size()) + 3);
}

BOOST_AUTO_TEST_CASE(gold_prefers_own_sources_and_falls_back_to_whole_documents) {
  const std::vector questions{
      question({"alpha beta gamma"}),                       // stands in two documents
      question({"alpha beta gamma"}, {"b.md"}),             // its own source only
      question({"alpha beta gamma"}, {"c.md"}),             // not in its source: still gold
      question({"nowhere to be found"}, {"a.md", "*.md"}),  // by source, each document once
      question({}, {"x.md"}),
      question({"nowhere to be found", "alpha", "ALPHA."})};
  const std::vector<std::pair<std::string, std::string>> corpus{
      {"d/a.md", "1 alpha beta gamma"}, {"d/b.md", "alpha - beta - gamma 2"}, {"d/c.md", "delta"}};
  const auto gold = gold_of(questions, corpus);
  BOOST_TEST(gold.items[0].size() == 1U);
  BOOST_TEST(gold.items[0][0].places.size() == 2U);
  BOOST_REQUIRE(gold.items[1][0].places.size() == 1U);
  BOOST_TEST((gold.items[1][0].places[0].document == digest_of(corpus[1].second)));
  BOOST_TEST((gold.items[1][0].places[0].span == Span{0, 20}));
  BOOST_TEST(gold.items[2][0].places.size() == 2U);
  BOOST_REQUIRE(gold.items[3].size() == 3U);
  BOOST_TEST(gold.items[3][0].places[0].whole_document);
  BOOST_TEST(gold.items[4].empty());
  BOOST_TEST(gold.items[5].size() == 1U);
  BOOST_TEST(gold.located == 4);
  BOOST_TEST(gold.by_source == 1);
  BOOST_TEST(gold.without == 1);
  BOOST_TEST(gold.lost_passages == 2);
}

BOOST_AUTO_TEST_CASE(a_source_of_exactly_that_name_wins_over_equal_last_parts) {
  const std::vector<std::pair<std::string, std::string>> corpus{{"a/x.md", "one"}, {"b/x.md", "two"}};
  const auto gold =
      gold_of({question({}, {"a/x.md"}), question({}, {"x.md"}), question({}, {"c/x.md"})}, corpus);
  BOOST_REQUIRE(gold.items[0].size() == 1U);
  BOOST_TEST((gold.items[0][0].places[0].document == digest_of(corpus[0].second)));
  BOOST_TEST(gold.items[1].size() == 2U);
  BOOST_TEST(gold.items[2].size() == 2U);
}

BOOST_AUTO_TEST_CASE(gold_of_squad_is_found_in_the_raw_text, *boost::unit_test::label("realdata")) {
  for (const std::string set : {"squad", "squad_i18n"}) {
    const auto folder = test::realdata() / set;
    const auto questions = golden::load(folder / "questions.csv");
    std::vector<std::pair<std::string, std::string>> corpus;
    for (const auto& entry : std::filesystem::directory_iterator(folder / "docs")) {
      corpus.emplace_back(entry.path().filename().string(), read_file(entry.path()));
    }
    const auto gold = gold_of(questions, corpus);
    BOOST_TEST(gold.located == static_cast<std::int64_t>(questions.size()));
    BOOST_TEST(gold.lost_passages == 0);
    // The raw text holds each passage verbatim, so the interval must be the passage's own.
    for (std::size_t q = 0; q < questions.size(); ++q) {
      const auto& context = questions[q].contexts.at(0);
      const auto& span = gold.items[q].at(0).places.at(0).span;
      for (const auto& [name, text] : corpus) {
        const auto at = text.find(context);
        if (name != questions[q].sources.at(0) || at == std::string::npos) continue;
        BOOST_TEST(span.begin >= static_cast<std::int64_t>(at));
        BOOST_TEST(span.end <= static_cast<std::int64_t>(at + context.size()));
        BOOST_TEST(span.size() >
                   static_cast<std::int64_t>(context.size()) - 40);  // no punctuation at its ends
      }
    }
  }
}
