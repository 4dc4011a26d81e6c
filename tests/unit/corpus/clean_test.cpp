#include "corpus/clean.hpp"

#include "corpus/normal_text.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using namespace dream::corpus;

namespace {

std::string text(std::string_view format, const std::vector<std::string>& pages) {
  return clean({}, format, pages).text;
}

using Offsets = std::vector<std::int64_t>;

}  // namespace

BOOST_AUTO_TEST_CASE(normal_text_is_nfc_without_the_unseen) {
  BOOST_TEST(normal_text("e\xCC\x81") == "\xC3\xA9");  // e + combining acute
  BOOST_TEST(normal_text("Mit\xC2\xAD"
                         "arbeiter") == "Mitarbeiter");  // soft hyphen
  BOOST_TEST(normal_text("a\r\nb\rc\x0c"
                         "d") == "a\nb\nc\nd");
  BOOST_TEST(normal_text("\xEF\xBB\xBF"
                         "a\x01\x1b[31m\x7f") == "a[31m");
  BOOST_TEST(normal_text("a\xE2\x80\xAE"
                         "b") == "ab");  // right-to-left override
  BOOST_TEST(normal_text("a\xF3\xA0\x81\x81"
                         "b") == "ab");  // a tag character: hidden text
  BOOST_TEST(normal_text("a\xFF"
                         "b") ==
             "a\xEF\xBF\xBD"
             "b");
  BOOST_TEST(normal_text("\xE0\xB8\x81\xE2\x80\x8B\xE0\xB8\x82") ==
             "\xE0\xB8\x81\xE2\x80\x8B\xE0\xB8\x82");  // Thai keeps its word breaks
}

BOOST_AUTO_TEST_CASE(paragraphs_of_text_stay_verbatim) {
  const std::string paragraph = "Two  blanks, a tab\there,\nand a cut-\nted line ";
  BOOST_TEST(text("txt", {"\n\n" + paragraph + "\n \n\n\nNext.\n\n"}) == paragraph + "\n\nNext.");
  BOOST_TEST(text("md", {"    code\n\n\tmore"}) == "    code\n\n\tmore");
}

BOOST_AUTO_TEST_CASE(words_cut_at_line_ends_are_joined_when_the_document_knows_them) {
  BOOST_TEST(text("pdf", {"An exam-\nple and one example."}) == "An example and one example.");
  BOOST_TEST(text("pdf", {"A long-\nterm plan, long-term."}) == "A long-term plan, long-term.");
  BOOST_TEST(text("pdf", {"An unknown-\nword here, unknown."}) == "An unknown-\nword here, unknown.");
  BOOST_TEST(text("pdf", {"It was discov-\nered."}) == "It was discovered.");
  BOOST_TEST(text("pdf", {"The IEEE-\n754 norm."}) == "The IEEE-\n754 norm.");
  BOOST_TEST(text("txt", {"An exam-\nple and one example."}) == "An exam-\nple and one example.");
}

BOOST_AUTO_TEST_CASE(ligatures_of_pdfs_become_letters) {
  BOOST_TEST(text("pdf", {"o\xEF\xAC\x83"
                          "ce  \xEF\xAC\x81x\xC2\xA0y"}) == "office fix y");
  BOOST_TEST(text("txt", {"o\xEF\xAC\x83"
                          "ce"}) ==
             "o\xEF\xAC\x83"
             "ce");
}

BOOST_AUTO_TEST_CASE(a_short_line_that_ends_a_sentence_ends_its_paragraph) {
  const std::string line = "A line of print as wide as the column is, here.";
  BOOST_TEST(text("pdf", {line + "\n" + line + "\nShort end.\nNew paragraph begins\n" + line}) ==
             line + "\n" + line + "\nShort end.\n\nNew paragraph begins\n" + line);
  // A table's rows stay together.
  BOOST_TEST(text("pdf", {line + "\nTotal net sales 117,154\nCost of sales 66,822"}) ==
             line + "\nTotal net sales 117,154\nCost of sales 66,822");
}

BOOST_AUTO_TEST_CASE(pages_keep_their_places) {
  const auto document = clean(digest_of("x"), "pdf", {"One.\n", "", "two goes on", "here.", ""});
  BOOST_TEST(document.text == "One.\n\ntwo goes on\nhere.");
  BOOST_TEST((document.page_begin == Offsets{0, 6, 6, 18, 23}));
  BOOST_TEST((document.hash == digest_of("x")));
}

BOOST_AUTO_TEST_CASE(nothing_gives_an_empty_document) {
  BOOST_TEST((clean({}, "txt", {}).page_begin == Offsets{0}));
  BOOST_TEST(text("pdf", {"", " \n "}) == "");
}

BOOST_AUTO_TEST_CASE(the_version_and_the_bytes_of_cleaning_belong_together) {
  // When this digest changes, raise clean_version: stored parts were made from other text.
  const auto document =
      clean({}, "pdf", {"Apple Inc. | 10-Q\nTotal  net sales 1,234\nexam-\nple e\xCC\x81. example", "x"});
  BOOST_TEST(clean_version == 1);
  BOOST_TEST(digest_of(document.text).hex() == "d638fc4c01f8500db4eabd061bb5b30e");
}
