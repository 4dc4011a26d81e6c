#include "base/errors.hpp"
#include "stages/chunk/chunker.hpp"
#include "tests/support/test.hpp"
#include "tests/unit/chunk/tokenizers.hpp"

using namespace dream;

namespace {

using Strings = std::vector<std::string>;
using Sizes = std::vector<std::int64_t>;

Document document(const std::string& text, std::vector<std::int64_t> page_begin = {0}) {
  return {digest_of(text), text, std::move(page_begin)};
}

/// The row's defaults with some values changed.
Params params_of(const std::string& method, const Params& changes) {
  Params params;
  for (const auto& info : chunk::chunker_row(method).info.params) params.set(info.name, info.default_value);
  for (const auto& [name, value] : changes.all()) params.set(name, value);
  return params;
}

std::string check(const std::string& method, const Params& changes) {
  return chunk::chunker_row(method).check(params_of(method, changes));
}

std::vector<Chunk> chunks(const std::string& method, const Params& changes, const Document& doc) {
  const auto& row = chunk::chunker_row(method);
  return row.make(params_of(method, changes), test::tokenizer("alnum"))->chunk(doc);
}

Strings texts(const std::vector<Chunk>& chunks, const Document& doc) {
  Strings out;
  for (const auto& chunk : chunks) out.push_back(render(chunk.embed, doc.text));
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_table_names_four_methods_whose_defaults_pass_their_check) {
  Strings names;
  for (const auto& row : chunk::chunkers()) {
    names.push_back(row.info.name);
    BOOST_TEST(check(row.info.name, {}) == "");
    BOOST_TEST(row.auto_merge == (row.info.name == "hierarchical"));
    BOOST_TEST(!row.info.summary.empty());
    for (const auto& info : row.info.params) BOOST_TEST(!info.help.empty());
  }
  BOOST_TEST((names == Strings{"overlap", "sentence_window", "hierarchical", "paragraph"}));
  BOOST_CHECK_THROW((void)chunk::chunker_row("overlapp"), InternalError);
}

BOOST_AUTO_TEST_CASE(silent_mistakes_of_sizes_are_refused) {
  BOOST_TEST(check("overlap", {{"size", std::int64_t{64}}, {"overlap", std::int64_t{63}}}) == "");
  BOOST_TEST(check("overlap", {{"size", std::int64_t{64}}, {"overlap", std::int64_t{64}}}) ==
             "overlap = 64 must be smaller than size = 64");
  BOOST_TEST(check("hierarchical", {{"sizes", Sizes{256, 512, 1024}}}).find("must descend") !=
             std::string::npos);
  BOOST_TEST(check("hierarchical", {{"sizes", Sizes{512, 512}}}).find("must descend") != std::string::npos);
  BOOST_TEST(check("hierarchical", {{"sizes", Sizes{512, 512}}}).find("[512, 512]") != std::string::npos);
  BOOST_TEST(check("hierarchical", {{"sizes", Sizes{256, 512, 1024}}, {"compat", std::string("dream")}}) ==
             "");
  BOOST_TEST(check("hierarchical", {{"sizes", Sizes{512}}}).find("two levels") != std::string::npos);
  BOOST_TEST(check("hierarchical", {{"sizes", Sizes{}}}).find("two levels") != std::string::npos);
  BOOST_TEST(check("hierarchical", {{"sizes", Sizes{512, 20}}}).find("overlap = 20") != std::string::npos);
  BOOST_TEST(check("hierarchical", {{"compat", std::string("dreams")}}).find("\"dreams\"") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_document_without_text_has_no_chunks) {
  for (const auto& row : chunk::chunkers()) {
    BOOST_TEST(chunks(row.info.name, {}, document("")).empty());
    BOOST_TEST(chunks(row.info.name, {}, document(" \n\n \t")).empty());
  }
}

BOOST_AUTO_TEST_CASE(overlap_carries_whole_sentences_over) {
  const auto doc = document("One two three. Four five. Six seven eight. Nine ten.");
  const auto cut = chunks("overlap", {{"size", std::int64_t{8}}, {"overlap", std::int64_t{4}}}, doc);
  BOOST_TEST((texts(cut, doc) == Strings{"One two three. Four five.", "Four five. Six seven eight.",
                                         "Six seven eight. Nine ten."}));
  BOOST_TEST(cut[0].prev == -1);
  BOOST_TEST(cut[0].next == 1);
  BOOST_TEST(cut[2].next == -1);
  BOOST_TEST(cut[1].prev == 0);
  BOOST_TEST((cut[1].embed == cut[1].context));
  BOOST_TEST(cut[1].indexed);
  BOOST_TEST(cut[1].parent == -1);
}

BOOST_AUTO_TEST_CASE(a_character_above_the_size_is_a_chunk_and_no_error) {
  // LlamaIndex refuses such a document; the four bytes of this character are one token more than one.
  const auto doc = document("a\U0001F600b");
  const auto& row = chunk::chunker_row("overlap");
  class TwoPerEmoji : public test::AlnumTokenizer {
    [[nodiscard]] std::int64_t count(std::string_view text) const override {
      return AlnumTokenizer::count(text) + (text.find("\U0001F600") != std::string_view::npos ? 1 : 0);
    }
  };
  const auto params = params_of("overlap", {{"size", std::int64_t{1}}, {"overlap", std::int64_t{0}}});
  BOOST_TEST((texts(row.make(params, std::make_shared<TwoPerEmoji>())->chunk(doc), doc) ==
              Strings{"a", "\U0001F600", "b"}));
}

BOOST_AUTO_TEST_CASE(a_sentence_is_embedded_and_its_window_is_read) {
  const auto doc = document("A aa. B bb.\nC cc. D dd. E ee.");
  const auto cut = chunks("sentence_window", {{"window", std::int64_t{1}}}, doc);
  BOOST_TEST((texts(cut, doc) == Strings{"A aa. ", "B bb.\n", "C cc. ", "D dd. ", "E ee."}));
  BOOST_TEST(render(cut[0].context, doc.text) == "A aa.  B bb.\n");
  BOOST_TEST(render(cut[2].context, doc.text) == "B bb.\n C cc.  D dd. ");
  BOOST_TEST(render(cut[4].context, doc.text) == "D dd.  E ee.");
  const auto alone = chunks("sentence_window", {{"window", std::int64_t{0}}}, doc);
  BOOST_TEST(render(alone[2].context, doc.text) == "C cc. ");
}

BOOST_AUTO_TEST_CASE(levels_descend_and_only_leaves_are_indexed) {
  const auto doc = document("A b c. D e f. G h i. J k l. M n o. P q r. S t u. V w x.");
  const Params sizes{{"sizes", Sizes{16, 8, 4}}, {"overlap", std::int64_t{0}}};
  const auto cut = chunks("hierarchical", sizes, doc);
  BOOST_TEST_REQUIRE(cut.size() == 2U + 4U + 8U);
  BOOST_TEST(render(cut[0].embed, doc.text) == "A b c. D e f. G h i. J k l.");
  BOOST_TEST(render(cut[3].embed, doc.text) == "G h i. J k l.");
  BOOST_TEST(render(cut[13].embed, doc.text) == "V w x.");
  const auto links = [&](std::size_t i) {
    return Sizes{cut[i].level, cut[i].parent, cut[i].prev, cut[i].next};
  };
  BOOST_TEST((links(0) == Sizes{0, -1, -1, 1}));
  BOOST_TEST((links(1) == Sizes{0, -1, 0, -1}));
  BOOST_TEST((links(3) == Sizes{1, 0, 2, -1}));  // no link to chunk 4, which has another parent
  BOOST_TEST((links(4) == Sizes{1, 1, -1, 5}));
  BOOST_TEST((links(13) == Sizes{2, 5, 12, -1}));
  for (const auto& chunk : cut) BOOST_TEST(chunk.indexed == (chunk.level == 2));
}

BOOST_AUTO_TEST_CASE(compat_dream_indexes_the_same_text_on_every_level) {
  const auto doc = document("A b c. D e f. G h i.");
  const Params dream{
      {"sizes", Sizes{4, 8, 16}}, {"overlap", std::int64_t{0}}, {"compat", std::string("dream")}};
  const auto cut = chunks("hierarchical", dream, doc);
  BOOST_TEST_REQUIRE(cut.size() == 9U);
  for (const auto& chunk : cut) BOOST_TEST(chunk.indexed);
  BOOST_TEST((cut[0].text_hash == cut[3].text_hash));
  BOOST_TEST((cut[3].text_hash == cut[6].text_hash));
  BOOST_TEST(cut[6].parent == 3);
}

BOOST_AUTO_TEST_CASE(paragraphs_stand_between_blank_lines) {
  const auto doc = document("\n\n# Title\n\nOne. Two.\nThree.\n \t\n\n\nFour five six. Seven.\r\n\r\nEight");
  BOOST_TEST((texts(chunks("paragraph", {}, doc), doc) ==
              Strings{"# Title", "One. Two.\nThree.", "Four five six. Seven.", "Eight"}));
  BOOST_TEST((texts(chunks("paragraph", {{"max_size", std::int64_t{4}}}, doc), doc) ==
              Strings{"# Title", "One. Two.", "Three.", "Four five six.", "Seven.", "Eight"}));
}

BOOST_AUTO_TEST_CASE(pages_are_those_of_the_context) {
  //                        0     6     12    18
  const auto doc = document("A aa. B bb. C cc. D dd.", {0, 9, 9, 18});
  const auto pages = [&](const Chunk& chunk) { return std::pair(chunk.first_page, chunk.last_page); };
  const auto sentences = chunks("sentence_window", {{"window", std::int64_t{0}}}, doc);
  BOOST_TEST((pages(sentences[0]) == std::pair(1, 1)));
  BOOST_TEST((pages(sentences[1]) == std::pair(1, 3)));  // page 2 is empty
  BOOST_TEST((pages(sentences[2]) == std::pair(3, 3)));  // ends with the byte before page 4
  BOOST_TEST((pages(sentences[3]) == std::pair(4, 4)));
  const auto windows = chunks("sentence_window", {{"window", std::int64_t{1}}}, doc);
  BOOST_TEST((pages(windows[2]) == std::pair(1, 4)));
  Document without = doc;
  without.page_begin.clear();
  BOOST_TEST((pages(chunks("overlap", {}, without)[0]) == std::pair(1, 1)));
}

BOOST_AUTO_TEST_CASE(equal_texts_have_equal_hashes_across_methods) {
  const auto doc = document("Only this sentence.");
  const auto hash = digest_of("Only this sentence.");
  for (const auto& row : chunk::chunkers()) {
    for (const auto& chunk : chunks(row.info.name, {}, doc)) BOOST_TEST((chunk.text_hash == hash));
  }
}
