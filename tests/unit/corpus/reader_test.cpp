#include <signal.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>

#include "corpus/clean.hpp"
#include "corpus/reader_pool.hpp"
#include "tests/support/test.hpp"

/// The real dream_reader on small documents of our own.
using namespace dream;
using namespace dream::corpus;

namespace {

ReadResult read(const std::string& format, const std::string& bytes, ReaderOptions options = {}) {
  ReaderPool pool(find_reader(), options);
  const std::vector<ReadJob> jobs{{format, bytes}};
  return pool.read(jobs, no_pulse()).at(0);
}

std::string text(const std::string& format, const std::string& bytes) {
  const auto result = read(format, bytes);
  BOOST_TEST_INFO(result.detail);
  BOOST_TEST(result.reason == "");
  return clean({}, format, result.pages).text;
}

/// A PDF whose pages have these content streams. Without a cross-reference table: readers rebuild it.
std::string pdf(const std::vector<std::string>& contents) {
  std::string kids;
  std::string objects;
  int number = 4;
  for (const auto& content : contents) {
    kids += std::to_string(number) + " 0 R ";
    objects += std::to_string(number) + " 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents " +
               std::to_string(number + 1) + " 0 R/Resources<</Font<</F 3 0 R>>>>>>endobj\n" +
               std::to_string(number + 1) + " 0 obj<</Length " + std::to_string(content.size()) +
               ">>stream\n" + content + "\nendstream endobj\n";
    number += 2;
  }
  return "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[" + kids +
         "]/Count " + std::to_string(contents.size()) +
         ">>endobj\n3 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\n" + objects +
         "trailer<</Root 1 0 R>>\n%%EOF\n";
}

std::string line(const std::string& words) { return "BT /F 12 Tf 20 200 Td (" + words + ") Tj ET"; }

/// The wait status of `dream_reader --attempt WHAT`, and what it printed.
std::pair<int, std::string> attempt(const std::string& what) {
  FILE* pipe = ::popen((find_reader().string() + " --attempt " + what + " 2>/dev/null").c_str(), "r");
  BOOST_REQUIRE(pipe != nullptr);
  char said[200] = "";
  if (std::fgets(said, sizeof said, pipe) == nullptr) said[0] = '\0';
  return {::pclose(pipe), said};
}

}  // namespace

BOOST_AUTO_TEST_CASE(sandbox_kills_what_no_parser_does) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  test::skip("this build has a sanitizer and no sandbox");
#endif
  for (const char* what : {"socket", "exec", "fork", "thread", "code", "kill"}) {
    const auto [status, said] = attempt(what);
    BOOST_TEST_INFO(what << ": " << said);
    // The shell of popen() reports the signal as 128 + its number.
    BOOST_TEST(WEXITSTATUS(status) == 128 + SIGSYS);
    BOOST_TEST(said == "");
  }
  BOOST_TEST(attempt("open").second == "was refused a file\n");
}

BOOST_AUTO_TEST_CASE(pdf_pages_come_out_one_by_one) {
  const auto result = read("pdf", pdf({line("First page"), "", line("Third page")}));
  BOOST_TEST(result.reason == "");
  const auto document = clean({}, "pdf", result.pages);
  BOOST_TEST(document.text == "First page\nThird page");
  BOOST_TEST((document.page_begin == std::vector<std::int64_t>{0, 11, 11}));
}

BOOST_AUTO_TEST_CASE(pdfs_without_text_say_why) {
  BOOST_TEST(read("pdf", pdf({""})).reason == reason::no_text);
  BOOST_TEST(read("pdf", "this is no PDF").reason == reason::parse_error);
  BOOST_TEST(read("pdf", "").reason == reason::empty);
}

BOOST_AUTO_TEST_CASE(limits_of_the_real_reader) {
  std::string page;
  for (int i = 0; i < 100; ++i)
    page += "BT /F 2 Tf 1 " + std::to_string(295 - 2.9 * i) + " Td (" + std::string(250, 'x') + ") Tj ET\n";
  BOOST_TEST(read("pdf", pdf(std::vector<std::string>(60, page)), {.output_mb = 1}).reason ==
             reason::output_limit);
  BOOST_TEST(read("txt", std::string(3 << 20, 'x'), {.output_mb = 1}).reason == reason::output_limit);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they need the address space
  BOOST_TEST(read("txt", std::string(100 << 20, 'x'), {.memory_mb = 128}).reason == reason::memory);
#endif
}

BOOST_AUTO_TEST_CASE(markdown_becomes_its_text) {
  BOOST_TEST(
      text(
          "md",
          "---\ntitle: T\n---\n# Head *line*\n\nA [link](http://x.y) and `code_a`,\nsecond line &amp; more.\n"
          "<!-- secret -->\n\n- one\n- two\n  1. inner\n  2. next\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
          "```c\nint  x;\n\n  y *= 2;\n```\n\n![alt](data:image/png;base64,AAAA) <b>bold</b>\n") ==
      "title: T\n\nHead line\n\nA link and code_a,\nsecond line & more.\n\n- one\n- two\n  1. inner\n  2. "
      "next\n\n"
      "a | b\n1 | 2\n\nint  x;\n\n  y *= 2;\n\nalt bold");
  BOOST_TEST(text("md", "---\r\na: 1\r\n...\r\n# B\r\n---\r\nc\r\n") == "a: 1\n\nB\n\nc");
  BOOST_TEST(text("md", "---\n*no* head\n") == "no head");
  BOOST_TEST(text("md", "7) seven\n8) eight") == "7) seven\n8) eight");
  BOOST_TEST(text("md", "<div>\n<script>evil()</script>\n<p>Kept &#8364; 1 < 2</p>\n</div>\n") ==
             "Kept \xE2\x82\xAC 1 < 2");
  BOOST_TEST(text("md", "a data:text/plain;base64,QUJD b, data: c") == "a  b, data: c");
}

BOOST_AUTO_TEST_CASE(a_line_of_a_collection_is_its_title_and_its_text) {
  BOOST_TEST(text("beir", R"({"_id": "1", "title": "T", "text": "a\u00e9"})") == "T\n\na\xC3\xA9");
  BOOST_TEST(text("beir", R"({"_id": "1", "title": "", "text": "a"})") == "a");
  BOOST_TEST(read("beir", "no").reason == reason::parse_error);
  BOOST_TEST(read("beir", R"({"_id": "1", "text": " "})").reason == reason::no_text);
}

BOOST_AUTO_TEST_CASE(text_of_many_encodings_becomes_utf8) {
  BOOST_TEST(text("txt", "\xEF\xBB\xBFgr\xC3\xBCn") == "gr\xC3\xBCn");
  BOOST_TEST(text("txt", std::string("\xFF\xFEh\0\xE9\0", 6)) == "h\xC3\xA9");
  BOOST_TEST(text("txt", std::string("\xFE\xFF\0h\0\xE9", 6)) == "h\xC3\xA9");
  BOOST_TEST(text("txt", std::string("h\0e\0l\0l\0o\0", 10)) == "hello");
  BOOST_TEST(text("txt", "\x93He said yes,\x94 and the caf\xE9 closed. \x96 It was late in the evening.") ==
             "\xE2\x80\x9CHe said yes,\xE2\x80\x9D and the caf\xC3\xA9 closed. \xE2\x80\x93 It was late in "
             "the evening.");
  BOOST_TEST(
      text("txt",
           "\xC8\x85\x93\x93\x96\x40\xA6\x96\x99\x93\x84\x40\x81\x95\x84\x40\x86\x99\x89\x85\x95\x84\xA2") ==
      "Hello world and friends");
  static constexpr char program[] = "\x7f\x45LF\x02\x01\x01\0\0\0\0\0\0\0\x03\0>\0\x01\0\0";
  BOOST_TEST(read("txt", std::string(program, sizeof program)).reason == reason::parse_error);
  BOOST_TEST(read("txt", " \n\t\n").reason == reason::no_text);
}
