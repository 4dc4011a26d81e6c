#include <filesystem>
#include <random>

#include "base/file.hpp"
#include "stages/chunk/characters.hpp"
#include "stages/chunk/chunker.hpp"
#include "tests/support/test.hpp"
#include "tests/unit/chunk/tokenizers.hpp"

using namespace dream;

namespace {

using Sizes = std::vector<std::int64_t>;

std::unique_ptr<chunk::Chunker> make(const std::string& method, const Params& params,
                                     const std::shared_ptr<const text::Tokenizer>& tokenizer) {
  return chunk::chunker_row(method).make(params, tokenizer);
}

/// The byte after `covered` that is neither in a chunk nor white space, or -1. Chunks of one level, in text
/// order.
std::int64_t uncovered(const Document& document, const std::vector<Chunk>& chunks, std::int32_t level) {
  std::int64_t covered = 0;
  const auto gap_at = [&](std::int64_t end) {
    const auto gap = chunk::trimmed(document.text, {covered, std::max(covered, end)});
    return gap.size() > 0 ? gap.begin : -1;
  };
  for (const auto& chunk : chunks) {
    if (chunk.level != level) continue;
    if (const auto gap = gap_at(chunk.embed.spans[0].begin); gap >= 0) return gap;
    covered = std::max(covered, chunk.embed.spans[0].end);
  }
  return gap_at(static_cast<std::int64_t>(document.text.size()));
}

/// Structure that holds for every method and document.
std::string flaw(const Document& document, const std::vector<Chunk>& chunks) {
  std::int32_t levels = 0;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const auto& c = chunks[i];
    const auto at = "chunk " + std::to_string(i) + " ";
    levels = std::max(levels, c.level + 1);
    if (c.ordinal != static_cast<std::int32_t>(i)) return at + "ordinal";
    if (c.embed.spans.size() != 1 || c.embed.spans[0].size() <= 0) return at + "span";
    if (c.text_hash != digest_of(render(c.embed, document.text))) return at + "hash";
    if (c.next >= 0 && chunks.at(static_cast<std::size_t>(c.next)).prev != c.ordinal) return at + "next";
    if (c.prev >= 0 && chunks.at(static_cast<std::size_t>(c.prev)).next != c.ordinal) return at + "prev";
    if ((c.parent >= 0) != (c.level > 0)) return at + "parent";
    if (c.parent < 0) continue;
    const auto& parent = chunks.at(static_cast<std::size_t>(c.parent));
    if (parent.level + 1 != c.level) return at + "level";
    if (c.embed.spans[0].begin < parent.embed.spans[0].begin) return at + "begins before its parent";
    if (c.embed.spans[0].end > parent.embed.spans[0].end) return at + "ends behind its parent";
  }
  for (std::int32_t level = 0; level < levels; ++level) {
    if (const auto gap = uncovered(document, chunks, level); gap >= 0)
      return "byte " + std::to_string(gap) + " is lost";
  }
  return chunks.empty() && uncovered(document, chunks, 0) >= 0 ? "no chunks" : "";
}

std::string longest_over(const Document& document, const std::vector<Chunk>& chunks, const Sizes& sizes,
                         const text::Tokenizer& tokenizer) {
  for (const auto& c : chunks) {
    const auto tokens = tokenizer.count(render(c.embed, document.text));
    if (tokens > sizes.at(static_cast<std::size_t>(c.level))) return "chunk " + std::to_string(c.ordinal);
  }
  return "";
}

/// Words, marks, quotes, spaces and characters of several bytes, without any order.
std::string noise(std::mt19937& random, std::size_t units) {
  static const std::vector<std::string> alphabet{
      "a",      "Bc", "the ", ". ",   ".",      "? ",         "!",       ", ",     ";",       "\n",
      "\n\n\n", "  ", "\"",   ")",    "(",      "\u201d",     "\u00a0",  "\u4e00", "\u3002",  "7",
      "3.",     "--", "...",  "\x1c", "\u2028", "\U0001F600", "e\u0301", "\xff",   "\xe2\x80"};
  std::string out;
  for (std::size_t i = 0; i < units; ++i) out += alphabet[random() % alphabet.size()];
  return out;
}

void check_all_methods(const Document& document, const std::shared_ptr<const text::Tokenizer>& tokenizer) {
  const Params small{{"size", std::int64_t{20}}, {"overlap", std::int64_t{6}}};
  const Params large{{"size", std::int64_t{512}}, {"overlap", std::int64_t{64}}};
  for (const auto& params : {small, large}) {
    const auto chunks = make("overlap", params, tokenizer)->chunk(document);
    BOOST_TEST(flaw(document, chunks) == "");
    BOOST_TEST(longest_over(document, chunks, {params.get<std::int64_t>("size")}, *tokenizer) == "");
  }
  for (const Sizes& sizes : {Sizes{64, 16, 4}, Sizes{2048, 512, 128}}) {
    const Params params{{"sizes", sizes}, {"overlap", std::int64_t{3}}, {"compat", std::string()}};
    const auto chunks = make("hierarchical", params, tokenizer)->chunk(document);
    BOOST_TEST(flaw(document, chunks) == "");
    BOOST_TEST(longest_over(document, chunks, sizes, *tokenizer) == "");
  }
  BOOST_TEST(flaw(document,
                  make("sentence_window", {{"window", std::int64_t{3}}}, tokenizer)->chunk(document)) == "");
  for (const std::int64_t max_size : {0, 30}) {
    BOOST_TEST(flaw(document, make("paragraph", {{"max_size", max_size}}, tokenizer)->chunk(document)) == "");
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(noise_is_covered_and_within_the_sizes) {
  std::mt19937 random(17);
  for (std::size_t i = 0; i < 150; ++i) {
    const auto text = noise(random, random() % 700);
    BOOST_TEST_CONTEXT("noise " << i) {
      check_all_methods({digest_of(text), text, {0}}, test::tokenizer("alnum"));
    }
  }
}

BOOST_AUTO_TEST_CASE(the_flaws_are_seen) {
  const std::string text = "One two. Three four.";
  const Document document{digest_of(text), text, {0}};
  auto chunks =
      make("sentence_window", {{"window", std::int64_t{3}}}, test::tokenizer("alnum"))->chunk(document);
  BOOST_TEST(flaw(document, chunks) == "");
  auto lost = chunks;
  lost[1].embed.spans[0].begin += 2;
  lost[1].text_hash = digest_of(render(lost[1].embed, text));
  BOOST_TEST(flaw(document, lost) == "byte 9 is lost");
  chunks[1].prev = -1;
  BOOST_TEST(flaw(document, chunks) == "chunk 0 next");
}

BOOST_AUTO_TEST_CASE(real_documents_are_covered_and_within_the_sizes, *boost::unit_test::label("realdata")) {
  const auto data = test::realdata();
  std::size_t documents = 0;
  for (const auto* folder : {"squad/docs", "squad/distractors", "squad_i18n/docs"}) {
    for (const auto& entry : std::filesystem::directory_iterator(data / folder)) {
      const auto text = read_file(entry.path());
      BOOST_TEST_CONTEXT(entry.path()) {
        // Words have no spaces or punctuation between them: sums over pieces are never below the count of the
        // whole but where a piece ends inside a word.
        check_all_methods({digest_of(text), text, {0}}, text::words_tokenizer());
        check_all_methods({digest_of(text), text, {0}}, test::tokenizer("alnum"));
      }
      ++documents;
    }
  }
  BOOST_TEST(documents >= 48U);
}
